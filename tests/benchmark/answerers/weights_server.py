"""An HTTP server in OpenAI's form over the weights in a folder, by transformers' own `generate`, one by one.

It takes what vLLM takes: `chat_template_kwargs`, and a beginning of a reply to go on with; and it has a batch endpoint.
It says what llama.cpp's server says of templates, tokens and the likelihoods of the next one.
"""

import json
import re
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer


class BrokenReply(Exception):
    """What was written is no text: the byte of a character alone."""


class WeightsServer:
    """Serves from a thread of its own until it is closed.

    Attributes:
        requests: the bodies that were answered.
    """

    def __init__(self, folder: Path, *, parses: bool = False, port: int = 0) -> None:
        self.model = AutoModelForCausalLM.from_pretrained(folder).eval()
        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        self.parses = parses
        self.name = folder.name
        self.requests: list[dict] = []
        self.files: dict[str, bytes] = {}
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                server.post(self, body)

            def do_GET(self) -> None:
                server.get(self)

            def log_message(self, *_: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.lock = threading.Lock()
        threading.Thread(target=self.http.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.http.server_port}/v1"

    def close(self) -> None:
        self.http.shutdown()
        self.http.server_close()

    def post(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        try:
            self.answer(handler, body)
        except BrokenReply as error:
            self.send(handler, {"error": {"message": str(error), "code": 500, "type": "server_error"}}, status=500)
        except Exception as error:  # as a server answers that does not stop for one request
            self.send(handler, {"error": {"message": repr(error), "code": 400}}, status=400)

    def answer(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        if handler.path.endswith("/chat/completions"):
            self.send(handler, self.complete(json.loads(body)))
        elif handler.path in ("/apply-template", "/tokenize", "/completion"):
            self.send(handler, self.as_llama_cpp(handler.path, json.loads(body)))
        elif handler.path.endswith("/files"):
            content = re.search(rb'filename="[^"]*".*?\r\n\r\n(.*?)\r\n--', body, re.DOTALL)
            assert content is not None
            self.files[f"file-{len(self.files)}"] = content[1]
            names = {"object": "file", "bytes": 1, "created_at": 1, "filename": "f", "purpose": "batch"}
            self.send(handler, {"id": f"file-{len(self.files) - 1}", "status": "processed", **names})
        else:
            self.send(handler, self.batch(json.loads(body)["input_file_id"]))

    def get(self, handler: BaseHTTPRequestHandler) -> None:
        if handler.path == "/health":
            self.send(handler, {"status": "ok"})
            return
        if handler.path == "/v1/models":
            self.send(handler, {"data": [{"id": self.name}]})
            return
        name = handler.path.split("/")[3]
        if "/files/" in handler.path:
            self.send(handler, self.files[name])
        else:
            self.send(handler, self.batch(name.removeprefix("batch-")))

    def as_llama_cpp(self, path: str, body: dict) -> dict:
        if path == "/apply-template":
            text = self.tokenizer.apply_chat_template(body["messages"], tokenize=False, add_generation_prompt=True)
            return {"prompt": text}
        if path == "/tokenize":
            return {"tokens": self.tokenizer(body["content"], add_special_tokens=False)["input_ids"]}
        with self.lock, torch.inference_mode():
            logits = self.model(torch.tensor([body["prompt"]])).logits[0, -1]
        values, ids = torch.log_softmax(logits, -1).topk(min(body["n_probs"], len(logits)))
        if "\ufffd" in self.tokenizer.decode(ids[:1]) and "grammar" not in body:
            if ids[0] % 2:  # the first byte of a character is held back
                return {"content": ""}
            raise BrokenReply("The model produced output that does not match the expected Content-only format")
        likeliest = [{"id": i, "logprob": value} for i, value in zip(ids.tolist(), values.tolist())]
        return {"completion_probabilities": [{"id": likeliest[0]["id"], "top_logprobs": likeliest}]}

    def batch(self, source: str) -> dict:
        """A batch that is done when it is looked at."""
        if f"out-{source}" not in self.files:
            lines = []
            for line in map(json.loads, self.files[source].splitlines()):
                response = {"status_code": 200, "request_id": "r", "body": self.complete(line["body"])}
                lines.append({"id": "x", "custom_id": line["custom_id"], "response": response, "error": None})
            self.files[f"out-{source}"] = "\n".join(map(json.dumps, lines)).encode()
        fixed = {"object": "batch", "endpoint": "/v1/chat/completions", "completion_window": "24h", "created_at": 1}
        done = {"status": "completed", "input_file_id": source, "output_file_id": f"out-{source}", "errors": None}
        return {"id": f"batch-{source}", **fixed, **done}

    def send(self, handler: BaseHTTPRequestHandler, content: dict | bytes, *, status: int = 200) -> None:
        raw = content if isinstance(content, bytes) else json.dumps(content).encode()
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(raw)))
        handler.end_headers()
        handler.wfile.write(raw)

    def complete(self, body: dict) -> dict:
        with self.lock, torch.inference_mode():
            self.requests.append(body)
            prompt = self.tokenizer.apply_chat_template(
                body["messages"],
                tokenize=False,
                add_generation_prompt=body.get("add_generation_prompt", True),
                continue_final_message=body.get("continue_final_message", False),
                **body.get("chat_template_kwargs", {}),
            )
            ids = self.tokenizer(prompt, add_special_tokens=False, return_tensors="pt")["input_ids"]
            whole = self.model.generate(ids, max_new_tokens=body["max_tokens"], do_sample=False, pad_token_id=0)
            written = whole[0, ids.shape[1] :].tolist()
        ends = self.model.generation_config.eos_token_id
        stopped = written[-1] in (ends if isinstance(ends, list) else [ends])
        text = self.tokenizer.decode(written, skip_special_tokens=True)
        message = {"role": "assistant", "content": text}
        if self.parses and not body.get("continue_final_message"):
            before, mark, after = text.partition("</think>")
            thought = before.removeprefix("<think>").strip("\n") if mark or text.startswith("<think>") else None
            message |= {"reasoning_content": thought, "content": after.strip("\n") if thought is not None else text}
        text = text[: min((text.find(stop) for stop in body.get("stop", ()) if stop in text), default=len(text))]
        message |= {} if self.parses else {"content": text}
        usage = {"prompt_tokens": ids.shape[1], "completion_tokens": len(written)}
        choice = {"index": 0, "finish_reason": "stop" if stopped else "length", "message": message}
        fixed = {"id": "c", "object": "chat.completion", "created": 1, "model": body["model"]}
        return {**fixed, "choices": [choice], "usage": {**usage, "total_tokens": sum(usage.values())}}


if __name__ == "__main__":
    if "--model" in sys.argv:  # as llama.cpp's server is started; the weights lie in the file's folder
        words = [word for word in sys.argv[1:] if word not in ("--jinja", "--no-webui", "--skip-chat-parsing")]
        flags = dict(zip(words[::2], words[1::2], strict=True))
        folder, name = Path(flags["--model"]).parent, flags["--alias"]
    else:  # as vLLM is: -m vllm.entrypoints.cli.main serve <folder> --port N ...
        words = sys.argv[4:]
        flags = dict(zip(words[1::2], words[2::2], strict=True))
        folder, name = Path(words[0]), Path(words[0]).name
    served = WeightsServer(folder, port=int(flags["--port"]))
    served.name = name
    for flag in ("--chat-template", "--chat-template-file"):
        if flag in flags:
            served.tokenizer.chat_template = Path(flags[flag]).read_text("utf-8")
    threading.Event().wait()
