"""A small server in the place of vLLM's: it takes the same command line, and does what its options say.

As an interpreter it is started as `standin -m vllm.entrypoints.cli.main serve <folder> --port N ...`; `--behave` says how.
"""

import json
import os
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


def main() -> None:
    words = sys.argv[1:]
    assert words[:3] == ["-m", "vllm.entrypoints.cli.main", "serve"]
    flags = dict(zip(words[4::2], words[5::2], strict=False))
    behave = flags.get("--behave", "")
    if behave == "crash":
        print("(EngineCore pid=7) INFO 11-29 10:00:00 [core.py:1] loading")
        print("(EngineCore pid=7) ERROR 11-29 10:00:01 [core.py:9] Traceback (most recent call last):")
        print("(EngineCore pid=7) torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 9.00 GiB")
        print("(APIServer pid=6) RuntimeError: Engine core initialization failed. See root cause above.")
        sys.exit(1)
    if behave == "slow":
        time.sleep(60)
    # As vLLM has an engine beside its server: a child that would outlive it.
    child = subprocess.Popen([sys.executable, "-c", "import os,time; os.setsid(); time.sleep(600)"])
    name = flags["--served-model-name"]
    Path(flags["--pids"]).write_text(json.dumps([os.getpid(), child.pid]))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.say({"data": [{"id": name}]})

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if behave == "die":
                os._exit(9)
            words = json.dumps({k: v for k, v in asked.items() if k != "messages"}, sort_keys=True)
            message = {"role": "assistant", "content": f"{asked['messages'][-1]['content']} {words}"}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            usage = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
            self.say({"id": "1", "object": "chat.completion", "model": name, "choices": [choice], "usage": usage})

        def say(self, value: object) -> None:
            body = json.dumps(value).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    try:
        server = ThreadingHTTPServer(("127.0.0.1", int(flags["--port"])), Handler)
    except OSError as error:
        print(f"OSError: {error}")
        sys.exit(1)
    server.serve_forever()


main()
