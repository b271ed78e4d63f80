"""An OpenAI-compatible server that fails as servers fail: run as a script, it prints its port and serves until killed.

python chat_server.py '{"latency": 0.2, "too_many": 0.05}'
"""

import asyncio
import hashlib
import json
import random
import sys
from collections import Counter

from aiohttp import web

DEFAULTS = {
    "seed": 0,
    "latency": 0.01,  # seconds, with jitter of half of it to either side
    "too_many": 0.0,  # share of 429 with Retry-After
    "retry_after": 1,
    "broken": 0.0,  # share of 503
    "hang": 0.0,
    "hang_seconds": 30.0,
    "cut": 0.0,  # share of connections cut without an answer
    "unreadable": 0.0,  # share of replies that are prose or half JSON
    "key": None,  # the only key that is accepted
    "models": None,  # the models that exist
    "status": None,  # the only answer there is
    "status_share": 0.0,  # share of 500
    "paid": None,  # a file that prompts are added to, once their reply is delivered; several servers may share it
    "usage": True,
    "batch_seconds": 0.0,
    "batch_cut": 0,  # so many batches are created, and the connection is cut before their id is told
    "batch_hang": 0.0,  # seconds before the id of a batch is told
    "batch_state": None,  # in place of "completed"
    "batch_refused": None,  # the reason why batches fail as a whole
    "batch_broken": 0,  # so many looks at a batch are answered with 503
    "redirect": None,  # where every request is sent on to
}


class Server:
    def __init__(self, options: dict) -> None:
        self.options = {**DEFAULTS, **options}
        self.seen: Counter[str] = Counter()
        self.prompts: Counter[str] = Counter()
        self.now = self.most = 0
        self.files: dict[str, bytes] = {}
        self.batches: dict[str, dict] = {}
        self.bodies: list[dict] = []

    async def chat(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.seen["requests"] += 1
        if self.options["redirect"] is not None:
            raise web.HTTPTemporaryRedirect(f"{self.options['redirect']}/chat/completions")
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            return await self.answer(request, body)
        finally:
            self.now -= 1

    async def answer(self, request: web.Request, body: dict) -> web.StreamResponse:
        option = self.options
        prompt = body["messages"][-1]["content"]
        self.prompts[prompt] += 1
        # Of prompt and try alone: what happens does not hang on the order in which requests arrive.
        chance = random.Random(f"{option['seed']}/{prompt}/{self.prompts[prompt]}")
        await asyncio.sleep(option["latency"] * chance.uniform(0.5, 1.5))
        sent = request.headers.get("Authorization", "")
        if option["key"] is not None and sent != f"Bearer {option['key']}":
            return self.error(401, f"Incorrect API key provided: {sent}", "invalid_api_key")
        if option["models"] is not None and body["model"] not in option["models"]:
            return self.error(404, f"The model `{body['model']}` does not exist", "model_not_found")
        if option["status"] is not None:
            return self.error(option["status"], f"always {option['status']}, for {sent}", "always")
        die = chance.random()
        if random.Random(f"{option['seed']}/500/{prompt}/{self.prompts[prompt]}").random() < option["status_share"]:
            return self.error(500, "internal error", "internal")
        for kind in ("too_many", "broken", "hang", "cut"):
            if die < option[kind]:
                return await self.fail(kind, request)
            die -= option[kind]
        if prompt.startswith("refuse"):
            return self.error(400, "the response was filtered: content_filter", "content_filter")
        self.seen["replies"] += 1
        reply = self.completion(body, unreadable=die < option["unreadable"])
        if prompt == "tell the key":
            reply["choices"][0]["message"]["content"] = f"the key is {sent}"
        response = web.json_response(reply)
        if option["paid"] is not None:
            await response.prepare(request)
            await response.write_eof()
            with open(option["paid"], "a", encoding="utf-8") as file:
                file.write(f"{prompt}\n")
        return response

    async def fail(self, kind: str, request: web.Request) -> web.StreamResponse:
        self.seen[kind] += 1
        if kind == "too_many":
            return self.error(429, "slow down", "rate_limit", {"Retry-After": str(self.options["retry_after"])})
        if kind == "broken":
            return self.error(503, "overloaded", "overloaded")
        if kind == "hang":
            await asyncio.sleep(self.options["hang_seconds"])
        if request.transport is not None:
            request.transport.close()
        return web.Response()

    def completion(self, body: dict, *, unreadable: bool) -> dict:
        prompt = body["messages"][-1]["content"]
        digest = hashlib.sha256(prompt.encode()).digest()
        text = json.dumps({"score": digest[0] % 11, "comment": f"评语{digest.hex()[:8]}"}, ensure_ascii=False)
        if unreadable:
            self.seen["unreadable"] += 1
            text = ["我认为这条回答总体不错。", text[: len(text) // 2]][digest[1] % 2]
        if prompt.startswith("echo "):
            text = prompt
        usage = {"prompt_tokens": len(prompt), "completion_tokens": len(text), "total_tokens": len(prompt) + len(text)}
        choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}
        fixed = {
            "id": f"c{digest.hex()[:6]}",
            "object": "chat.completion",
            "created": 1,
            "model": f"{body['model']}-0613",
        }
        return {**fixed, "choices": [choice], **({"usage": usage} if self.options["usage"] else {})}

    def error(self, status: int, message: str, code: str, headers: dict | None = None) -> web.Response:
        self.seen[str(status)] += 1
        return web.json_response({"error": {"message": message, "code": code}}, status=status, headers=headers)

    async def stats(self, request: web.Request) -> web.Response:
        most_asked = max(self.prompts.values(), default=0)
        counts = {**self.seen, "most": self.most, "different": len(self.prompts), "most_asked": most_asked}
        return web.json_response(counts)

    async def asked(self, request: web.Request) -> web.Response:
        return web.json_response(list(self.prompts))

    async def batched(self, request: web.Request) -> web.Response:
        return web.json_response(self.bodies)

    async def change(self, request: web.Request) -> web.Response:
        self.options.update(await request.json())
        return web.json_response(self.options)

    async def upload(self, request: web.Request) -> web.Response:
        form = await request.post()
        name = f"file-{len(self.files)}"
        self.files[name] = form["file"].file.read()
        return web.json_response(
            {
                "id": name,
                "object": "file",
                "bytes": 1,
                "created_at": 1,
                "filename": "f",
                "purpose": "batch",
                "status": "processed",
            }
        )

    async def content(self, request: web.Request) -> web.Response:
        return web.Response(body=self.files[request.match_info["id"]])

    async def create_batch(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.seen["batches"] += 1
        name = f"batch-{len(self.batches)}"
        lines: list[str] = []
        errors: list[str] = []
        for line in self.files[body["input_file_id"]].splitlines():
            entry = json.loads(line)
            self.seen["batched"] += 1
            self.bodies.append(entry["body"])
            if entry["body"]["messages"][-1]["content"].startswith("error"):
                response = {"status_code": 429, "request_id": "r", "body": {"error": {"code": "limit_requests"}}}
                errors.append(json.dumps({"id": "x", "custom_id": entry["custom_id"], "response": response}))
                continue
            reply = self.completion(
                entry["body"], unreadable=entry["body"]["messages"][-1]["content"].startswith("half")
            )
            response = {"status_code": 200, "request_id": "r", "body": reply}
            lines.append(json.dumps({"id": "x", "custom_id": entry["custom_id"], "response": response, "error": None}))
        self.files[f"out-{name}"] = "\n".join(lines).encode()
        ready = asyncio.get_running_loop().time() + self.options["batch_seconds"]
        self.batches[name] = {"input": body["input_file_id"], "ready": ready, "errors": bool(errors)}
        self.files[f"err-{name}"] = "\n".join(errors).encode()
        if self.options["batch_cut"] and request.transport is not None:
            self.options["batch_cut"] -= 1
            request.transport.close()
        await asyncio.sleep(self.options["batch_hang"])
        return web.json_response(self.batch(name))

    async def retrieve_batch(self, request: web.Request) -> web.Response:
        if self.options["batch_broken"]:
            self.options["batch_broken"] -= 1
            return self.error(503, "overloaded", "overloaded")
        return web.json_response(self.batch(request.match_info["id"]))

    async def list_batches(self, request: web.Request) -> web.Response:
        self.seen["listed"] += 1
        names = list(reversed(self.batches))
        start = names.index(request.query["after"]) + 1 if "after" in request.query else 0
        page = names[start : start + 2]  # shorter than asked for, as a server may have it
        more = start + 2 < len(names)
        return web.json_response({"object": "list", "data": [self.batch(name) for name in page], "has_more": more})

    def batch(self, name: str) -> dict:
        held = self.batches[name]
        done = asyncio.get_running_loop().time() >= held["ready"]
        state = {
            "status": (self.options["batch_state"] or "completed") if done else "in_progress",
            "output_file_id": f"out-{name}" if done else None,
        }
        state["error_file_id"] = f"err-{name}" if done and held["errors"] else None
        fixed = {"id": name, "object": "batch", "endpoint": "/v1/chat/completions", "completion_window": "24h"}
        errors = None
        if done and self.options["batch_refused"]:
            state = {"status": "failed", "output_file_id": None, "error_file_id": None}
            errors = {"object": "list", "data": [{"code": "refused", "message": self.options["batch_refused"]}]}
        return {**fixed, **state, "input_file_id": held["input"], "created_at": 1, "errors": errors}


async def serve(options: dict) -> None:
    server = Server(options)
    app = web.Application(client_max_size=1 << 28)
    app.router.add_post("/v1/chat/completions", server.chat)
    app.router.add_post("/v1/files", server.upload)
    app.router.add_get("/v1/files/{id}/content", server.content)
    app.router.add_post("/v1/batches", server.create_batch)
    app.router.add_get("/v1/batches/{id}", server.retrieve_batch)
    app.router.add_get("/v1/batches", server.list_batches)
    app.router.add_get("/batched", server.batched)
    app.router.add_get("/stats", server.stats)
    app.router.add_get("/prompts", server.asked)
    app.router.add_post("/change", server.change)
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True)  # who has hung up waits no more
    await runner.setup()
    site = web.TCPSite(runner, options.get("host", "127.0.0.1"), options.get("port", 0))
    await site.start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(json.loads(sys.argv[1]) if len(sys.argv) > 1 else {}))
