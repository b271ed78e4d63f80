import asyncio

import pytest

from hypnos.errors import UserError
from hypnos.llm.cancellation import Cancellation


def test_a_stop_ends_waits():
    async def run():
        cancellation = Cancellation()
        asyncio.get_running_loop().call_soon(cancellation.cancel, UserError("enough"))
        with pytest.raises(UserError, match="enough"):
            await cancellation.sleep(1000)
        with pytest.raises(UserError, match="enough"):
            cancellation.check()

    asyncio.run(run())
