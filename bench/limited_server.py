"""A server that limits as providers do: python limited_server.py <kind>; it prints its port and serves until killed."""

import asyncio
import random
import sys
import time

from aiohttp import web

PACES = {"retry_after": 4.0, "without": 4.0, "bursts": 10.0, "minute": 2.0, "tokens": 2.0, "away": 1e9}
"""Requests a second that each kind allows over time."""

LATENCY = 0.2  # seconds, with jitter of half of it to either side
AWAY = (3.0, 93.0)  # seconds after the first request
TOKENS = (200, 600)  # that a request counts, from and to: 400 on the average


class Limit:
    """What was taken of late, and whether one more may be."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.began: float | None = None
        self.taken: list[tuple[float, int]] = []
        self.seen = self.replies = 0

    def takes(self, chance: random.Random) -> bool:
        now = time.monotonic()
        self.began = self.began or now
        if self.kind == "away":
            return not AWAY[0] <= now - self.began < AWAY[1]
        seconds, most = {"bursts": (0.5, 5), "minute": (60.0, 120), "tokens": (60.0, 48_000)}.get(self.kind, (1.0, 4))
        size = chance.randint(*TOKENS) if self.kind == "tokens" else 1
        self.taken = [(at, of) for at, of in self.taken if at > now - seconds]
        if sum(of for _, of in self.taken) + size > most:
            return False
        self.taken.append((now, size))
        return True


async def serve(kind: str) -> None:
    """Serve until killed."""
    limit, chance = Limit(kind), random.Random(0)

    async def chat(request: web.Request) -> web.Response:
        await request.read()
        limit.seen += 1
        if not limit.takes(chance):
            headers = {"Retry-After": "1"} if kind == "retry_after" else {}
            status = 503 if kind == "away" else 429
            error = {"message": "you can add a payment method under billing", "code": "rate_limit_exceeded"}
            body = {"error": {"message": "loading"} if kind == "away" else error}
            return web.json_response(body, status=status, headers=headers)
        await asyncio.sleep(LATENCY * chance.uniform(0.5, 1.5))
        limit.replies += 1
        message = {"role": "assistant", "content": '{"score": 8}'}
        usage = {"prompt_tokens": 9, "completion_tokens": 5, "total_tokens": 14}
        choices = [{"index": 0, "finish_reason": "stop", "message": message}]
        fixed = {"id": "x", "object": "chat.completion", "created": 1, "model": "m"}
        return web.json_response({**fixed, "choices": choices, "usage": usage})

    async def stats(_: web.Request) -> web.Response:
        return web.json_response({"seen": limit.seen, "replies": limit.replies})

    app = web.Application()
    app.router.add_post("/v1/chat/completions", chat)
    app.router.add_get("/stats", stats)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1]))
