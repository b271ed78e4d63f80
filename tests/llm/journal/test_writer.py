import asyncio

from hypnos.errors import UserError
from hypnos.llm.journal.journal import Journal, insert
from hypnos.llm.journal.writer import Writer


def run(journal, *works):
    """What each piece of work returned or raised, all of them handed in at once."""

    async def write():
        writer = Writer(journal, asyncio.get_running_loop())
        results = await asyncio.gather(*(writer.write(work) for work in works), return_exceptions=True)
        writer.close()
        return results

    return asyncio.run(write())


def test_a_result_comes_back_when_it_is_committed(journal, entry):
    kept = entry()

    async def write():
        writer = Writer(journal, asyncio.get_running_loop())
        added = await writer.write(lambda connection: insert(connection, kept))
        seen = Journal(path=journal.path).find(kept.key)  # another connection sees what is committed
        writer.close()
        return added, seen

    assert asyncio.run(write()) == (True, kept.reply)


def test_every_piece_of_work_has_its_own_result(journal, entry):
    works = [lambda connection, number=number: insert(connection, entry(sample=number % 40)) for number in range(50)]
    assert run(journal, *works) == [True] * 40 + [False] * 10
    assert journal.count() == 40


def test_an_error_reaches_who_waits(journal):
    def fail(connection):
        raise UserError("the disk is full")

    (error,) = run(journal, fail)
    assert isinstance(error, UserError) and str(error) == "the disk is full"


def test_what_is_queued_is_committed_before_the_end(journal, entry):
    async def write():
        writer = Writer(journal, asyncio.get_running_loop())
        waiting = asyncio.ensure_future(writer.write(lambda connection: insert(connection, entry())))
        await asyncio.sleep(0)
        await asyncio.to_thread(writer.close)
        return await waiting

    assert asyncio.run(write()) is True
    assert journal.count() == 1


def test_one_piece_of_work_that_fails_takes_no_other_with_it(journal, entry):
    """All are handed in at once, so that they share transactions."""

    def too_large(connection):
        insert(connection, entry(sample=99))
        connection.execute("INSERT INTO accounts VALUES ('x', 0.0, ?)", (2**70,))

    works = [lambda connection, number=number: insert(connection, entry(sample=number)) for number in range(20)]
    results = run(journal, *works[:10], too_large, *works[10:])
    assert results[:10] + results[11:] == [True] * 20
    assert isinstance(results[10], OverflowError)
    assert journal.count() == 20
    assert journal.find(entry(sample=99).key) is None
