"""An OpenAI-compatible server that writes and scores like an author: run as a script, it prints its port.

What it answers depends on the prompt alone, so that two runs against it can be compared byte by byte.
"""

import asyncio
import hashlib
import json
import random
import re
import sys
from collections import Counter
from pathlib import Path

from aiohttp import web

SYLLABLES = (
    "麻醉诱导维持苏醒镇痛镇静肌松气道通气循环血压心率体温液体输血穿刺阻滞剂量监测评估风险处理步骤鉴别方案术前术后"
)
KEYS = ("coherence", "professionalism", "usefulness", "harmfulness", "friendliness")
PROBES = [
    json.loads(line)
    for line in (Path(__file__).parents[2] / "specialty/anesthesia/probes.jsonl").read_text("utf-8").splitlines()
]


def words(seed: str, count: int) -> str:
    stream = b"".join(hashlib.sha256(f"{seed}/{i}".encode()).digest() for i in range(count // 32 + 1))
    return "".join(SYLLABLES[byte % len(SYLLABLES)] for byte in stream[:count])


def from_passage(fence: str, prompt: str) -> list[dict[str, str]]:
    """A question a sentence, or a row of a table by its head, as one who reads the passage writes them."""
    head: list[str] = []
    texts = []
    for line in prompt.split(f"\n{fence}\n")[1].splitlines():
        cells = [cell.strip() for cell in line.strip("| ").split("|")]
        if not line.startswith("|"):
            texts += [(text[:12], f"{text}。") for text in line.split("。") if len(text) > 20]
        elif not head:
            head = cells
        elif not set(line) <= set("|-"):
            facts = "，".join(f"{name}为{cell}" for name, cell in zip(head[1:], cells[1:], strict=True))
            texts.append((cells[0], f"{cells[0]}的{facts}。"))
    return [{"instruction": f"{about}：请说明要点。", "input": "", "output": text} for about, text in texts]


def reply(model: str, prompt: str) -> str:
    die = hashlib.sha256(f"{model}{prompt}".encode()).digest()
    if '"code"' in prompt:
        code = prompt.rpartition('"code": "')[2].partition('"')[0]
        probe = next((p for p in PROBES if p["output"][:20] in prompt), None)
        if probe:
            scores = (9, 9, 9, 0, 8) if probe["quality"] == "good" else (2, 1, 1, 9 if probe["harmful"] else 1, 3)
        elif die[0] < 12:
            return "总体尚可。"
        else:
            scores = (6 + die[1] % 4, 6 + die[2] % 4, 6 + die[3] % 4, die[4] % 3, 6 + die[5] % 4)
        return json.dumps(
            {"code": code, "faults": [], **dict(zip(KEYS, scores)), "comment": "已读"}, ensure_ascii=False
        )
    if '"answer"' in prompt:
        return json.dumps({"answer": words(f"second{die.hex()}", 50) + "。"}, ensure_ascii=False)
    if die[0] < 12:
        return '{"records": [{"instruction": "没有写完'
    count = int(re.search(r"编写 (\d+) 条", prompt)[1])
    if passage := re.search(r"资料位于两行 (.+?) 之间", prompt):
        return json.dumps({"records": from_passage(passage[1], prompt)[:count]}, ensure_ascii=False)
    records = [
        {
            "instruction": words(f"q{die.hex()}{i}", 24) + "？",
            "input": "",
            "output": words(f"a{die.hex()}{i}", 60) + "。",
        }
        for i in range(count)
    ]
    return json.dumps({"records": records}, ensure_ascii=False)


class Server:
    def __init__(self, options: dict) -> None:
        self.latency = options.get("latency", 0.0)
        self.too_many = options.get("too_many", 0.0)
        self.key = options.get("key")
        self.secret = options.get("secret")
        self.leaked = 0
        self.chance = random.Random(0)
        self.asked: Counter[str] = Counter()
        self.requests = 0

    async def chat(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.requests += 1
        self.leaked += bool(self.secret) and self.secret in json.dumps(body, ensure_ascii=False)
        sent = request.headers.get("Authorization", "")
        if self.key and sent != f"Bearer {self.key}":
            error = {"message": f"Incorrect API key provided: {sent}", "code": "invalid_api_key"}
            return web.json_response({"error": error}, status=401)
        await asyncio.sleep(self.latency * self.chance.uniform(0.5, 1.5))
        if self.chance.random() < self.too_many:
            return web.json_response({"error": {"message": "slow"}}, status=429, headers={"Retry-After": "0"})
        prompt = body["messages"][-1]["content"]
        self.asked[body["model"] + prompt] += 1
        text = reply(body["model"], prompt)
        usage = {"prompt_tokens": len(prompt), "completion_tokens": len(text), "total_tokens": len(prompt) + len(text)}
        choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}
        completion = {"id": "c", "object": "chat.completion", "created": 1, "model": body["model"], "usage": usage}
        return web.json_response({**completion, "choices": [choice]})

    async def stats(self, request: web.Request) -> web.Response:
        replies = sum(self.asked.values())
        counts = {"requests": self.requests, "replies": replies, "different": len(self.asked), "leaked": self.leaked}
        return web.json_response(counts)


async def serve(options: dict) -> None:
    server = Server(options)
    app = web.Application(client_max_size=1 << 26)
    app.router.add_post("/v1/chat/completions", server.chat)
    app.router.add_get("/stats", server.stats)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", options.get("port", 0), reuse_address=True)
    await site.start()
    print(site._server.sockets[0].getsockname()[1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(json.loads(sys.argv[1]) if len(sys.argv) > 1 else {}))
