"""A server of Anthropic's messages and Message Batches: run as a script, it prints its port and serves until killed.

It refuses what the real one refuses: another version or no key in the headers, a custom_id of other signs or more than
64, a request without max_tokens, a parameter that it does not know.
"""

import asyncio
import json
import re
import sys
from collections import Counter

from aiohttp import web

DEFAULTS = {"seconds": 0.0, "cut": 0, "key": "sk-ant-zq", "hang": 0.0, "broken": 0}
KNOWN = {
    "model",
    "messages",
    "max_tokens",
    "system",
    "temperature",
    "top_p",
    "thinking",
    "output_format",
    "output_config",
}
CUSTOM_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")


class Server:
    def __init__(self, options: dict) -> None:
        self.options = {**DEFAULTS, **options}
        self.seen: Counter[str] = Counter()
        self.batches: dict[str, dict] = {}

    def error(self, status: int, kind: str, message: str) -> web.Response:
        self.seen[str(status)] += 1
        return web.json_response({"type": "error", "error": {"type": kind, "message": message}}, status=status)

    def refusal(self, request: web.Request) -> web.Response | None:
        if request.headers.get("x-api-key") != self.options["key"]:
            return self.error(401, "authentication_error", "invalid x-api-key")
        if request.headers.get("anthropic-version") != "2023-06-01":
            return self.error(400, "invalid_request_error", "anthropic-version: header is required")
        return None

    def fault(self, params: dict) -> str | None:
        if not {"model", "messages", "max_tokens"} <= params.keys() <= KNOWN:
            return f"parameters: {sorted(params)}"
        if "/" in params["model"] or any(message["role"] == "system" for message in params["messages"]):
            return "model or roles"
        return None

    def message(self, params: dict) -> dict:
        prompt = params["messages"][-1]["content"]
        prompt = prompt if isinstance(prompt, str) else prompt[0]["text"]
        content = [{"type": "text", "text": json.dumps({"score": len(prompt) % 11, "system": params.get("system")})}]
        usage = {"input_tokens": 100, "output_tokens": 50}
        if params.get("thinking"):
            content.insert(0, {"type": "thinking", "thinking": "先想一想", "signature": "s"})
        if "cached" in prompt:
            usage |= {"cache_read_input_tokens": 800, "cache_creation_input_tokens": 200}
        fixed = {"id": "msg_1", "type": "message", "role": "assistant", "model": params["model"], "stop_sequence": None}
        return {**fixed, "content": content, "stop_reason": "end_turn", "usage": usage}

    async def ask(self, request: web.Request) -> web.Response:
        self.seen["requests"] += 1
        params = await request.json()
        if (refusal := self.refusal(request)) is not None:
            return refusal
        if (fault := self.fault(params)) is not None:
            return self.error(400, "invalid_request_error", fault)
        return web.json_response(self.message(params))

    async def create(self, request: web.Request) -> web.Response:
        if (refusal := self.refusal(request)) is not None:
            return refusal
        entries = (await request.json())["requests"]
        ids = [entry["custom_id"] for entry in entries]
        if len(set(ids)) < len(ids) or not all(CUSTOM_ID.fullmatch(one) for one in ids):
            return self.error(400, "invalid_request_error", "custom_id")
        self.seen["batches"] += 1
        self.seen["batched"] += len(entries)
        betas = request.headers.get("anthropic-beta", "")
        if any("output_format" in entry["params"] for entry in entries) and "structured-outputs" not in betas:
            return self.error(400, "invalid_request_error", "output_format: Extra inputs are not permitted")
        name = f"msgbatch_{len(self.batches)}"
        ready = asyncio.get_running_loop().time() + self.options["seconds"]
        self.batches[name] = {"results": [self.result(entry) for entry in reversed(entries)], "ready": ready}
        if self.options["cut"] and request.transport is not None:
            self.options["cut"] -= 1
            request.transport.close()
        await asyncio.sleep(self.options["hang"])
        return web.json_response(self.described(name, request))

    def result(self, entry: dict) -> dict:
        fault = self.fault(entry["params"])
        prompt = str(entry["params"]["messages"][-1]["content"])
        result: dict = {"type": "succeeded", "message": self.message(entry["params"])}
        if fault is not None or "error" in prompt:
            error = {"type": "invalid_request_error", "message": fault or "asked for"}
            result = {"type": "errored", "error": {"type": "error", "error": error}}
        for kind in ("expired", "canceled"):
            if kind in prompt:
                result = {"type": kind}
        return {"custom_id": entry["custom_id"], "result": result}

    def described(self, name: str, request: web.Request) -> dict:
        held = self.batches[name]
        done = asyncio.get_running_loop().time() >= held["ready"]
        counts = dict.fromkeys(("processing", "succeeded", "errored", "canceled", "expired"), 0)
        for row in held["results"]:
            counts[row["result"]["type"] if done else "processing"] += 1
        url = f"http://{request.host}/v1/messages/batches/{name}/results" if done else None
        state = {"processing_status": "ended" if done else "in_progress", "request_counts": counts, "results_url": url}
        return {"id": name, "type": "message_batch", "created_at": "2026-11-29T00:00:00Z", **state}

    async def retrieve(self, request: web.Request) -> web.Response:
        if (refusal := self.refusal(request)) is not None:
            return refusal
        if self.options["broken"]:
            self.options["broken"] -= 1
            return self.error(529, "overloaded_error", "Overloaded")
        name = request.match_info["id"]
        if name not in self.batches:
            return self.error(404, "not_found_error", "no such batch")
        return web.json_response(self.described(name, request))

    async def list_batches(self, request: web.Request) -> web.Response:
        if (refusal := self.refusal(request)) is not None:
            return refusal
        names = list(reversed(self.batches))
        start = names.index(request.query["after_id"]) + 1 if "after_id" in request.query else 0
        page = names[start : start + 2]  # shorter than asked for, as a server may have it
        more = start + 2 < len(names)
        data = [self.described(name, request) for name in page]
        return web.json_response({"data": data, "has_more": more, "last_id": page[-1] if page else None})

    async def results(self, request: web.Request) -> web.Response:
        held = self.batches[request.match_info["id"]]
        return web.Response(body="\n".join(json.dumps(row) for row in held["results"]).encode())

    async def stats(self, request: web.Request) -> web.Response:
        return web.json_response(self.seen)

    async def change(self, request: web.Request) -> web.Response:
        self.options.update(await request.json())
        return web.json_response(self.options)


async def serve(options: dict) -> None:
    server = Server(options)
    app = web.Application(client_max_size=1 << 28)
    app.router.add_post("/v1/messages", server.ask)
    app.router.add_post("/v1/messages/batches", server.create)
    app.router.add_get("/v1/messages/batches", server.list_batches)
    app.router.add_get("/v1/messages/batches/{id}", server.retrieve)
    app.router.add_get("/v1/messages/batches/{id}/results", server.results)
    app.router.add_get("/stats", server.stats)
    app.router.add_post("/change", server.change)
    runner = web.AppRunner(app, access_log=None, handler_cancellation=False)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(json.loads(sys.argv[1]) if len(sys.argv) > 1 else {}))
