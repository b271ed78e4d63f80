"""Asks a server and writes the answers: a process of its own, to be killed and started again.

python asking.py <folder> <url> <count> <options as JSON>
"""

import json
import logging
import sys
from pathlib import Path

from hypnos.errors import one_line
from hypnos.llm.client import Client
from hypnos.llm.journal.budget import Budget
from hypnos.llm.journal.journal import Journal
from hypnos.llm.parsing.replies import read_object
from hypnos.llm.providers.litellm import LitellmChat
from hypnos.llm.requests import Request


def main(folder: Path, url: str, count: int, options: dict) -> None:
    logging.basicConfig(level=logging.INFO)
    model = LitellmChat(
        name="own",
        model="hosted_vllm/m",
        address=url,
        timeout=options.get("timeout", 10.0),
        parameters={"max_tokens": 100},
        prices=options.get("prices"),
        in_flight=options.get("in_flight", 16),
    )
    budget = Budget(usd=options.get("usd"), tokens=options.get("tokens"))
    first = options.get("first", 0)
    requests = (
        Request(id=f"r{i}", messages=({"role": "user", "content": f"第{i}条"},)) for i in range(first, first + count)
    )
    client = Client(journal=Journal(path=folder / "journal.sqlite"), budget=budget, workers=options.get("workers", 0))
    with client, (folder / options.get("file", "answers.jsonl")).open("w", encoding="utf-8") as stream:
        for answer in client.ask(model, requests, parse=read_object):
            row = {"id": answer.request.id, "value": answer.value, "reason": answer.reason}
            stream.write(json.dumps(row, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    with one_line(reraise=False):
        main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), json.loads(sys.argv[4]))
