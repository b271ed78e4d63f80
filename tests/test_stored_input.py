"""filter.py on what lies in a storage: over real HTTP, killed, cut, changed; and on S3 where moto's server is installed."""

import contextlib
import functools
import gzip
import http.server
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from importlib.util import find_spec
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest

ROOT = Path(__file__).parents[1]
STEPS = "steps=[clean,deduplicate]"


SAMPLE = [json.loads(line) for line in (ROOT / "hypnos/sample/general.jsonl").read_text("utf-8").splitlines()]


def pairs(count: int, first: int = 0) -> list[dict]:
    return SAMPLE[first : first + count]


def in_lines(rows: list[dict]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


@pytest.fixture
def shards(tmp_path: Path) -> Path:
    """Of each kind that shards come in."""
    folder = tmp_path / "set"
    folder.mkdir()
    (folder / "part-1.jsonl.gz").write_bytes(gzip.compress(in_lines(pairs(50))))
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(pairs(50, 50)), folder / "part-2.parquet")
    (folder / "part-3.jsonl").write_bytes(in_lines([*pairs(20, 100), *pairs(5)]))
    return folder


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


class Slow(Quiet):
    """Sends the last shard by drops, so that a command is still reading when a test acts."""

    def copyfile(self, source, outputfile) -> None:
        if "part-3" not in self.path:
            super().copyfile(source, outputfile)
            return
        self.server.reached.set()  # type: ignore[attr-defined]
        with contextlib.suppress(OSError):
            while block := source.read(200):
                outputfile.write(block)
                outputfile.flush()
                self.server.going.wait(0.5)  # type: ignore[attr-defined]


@pytest.fixture
def serve():
    """Serve a folder; the server's `going` set, no drop waits any more."""
    servers = []

    def start(folder: Path, handler=Quiet) -> http.server.ThreadingHTTPServer:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(handler, directory=str(folder)))
        server.reached, server.going = threading.Event(), threading.Event()  # type: ignore[attr-defined]
        server.address = f"http://127.0.0.1:{server.server_port}"  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.going.set()
        server.shutdown()
        server.server_close()


def command(folder: Path, *overrides: str, **environment: str) -> subprocess.Popen:
    folder.mkdir(exist_ok=True)
    return subprocess.Popen(
        [sys.executable, str(ROOT / "filter.py"), *overrides, STEPS, "hydra.run.dir=output"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "TMPDIR": str(folder), **environment},
    )


def ended(process: subprocess.Popen, status: int = 0) -> str:
    shown, _ = process.communicate(timeout=120)
    assert process.returncode == status, shown
    assert "Traceback" not in shown
    return shown


def kept(folder: Path) -> bytes:
    (file,) = folder.glob("artefacts/instructions-*/records/kept.jsonl")
    return file.read_bytes()


def error_of(shown: str) -> str:
    (line,) = [line for line in shown.splitlines() if line.startswith("error: ")]
    return line


@pytest.mark.slow
def test_shards_behind_a_web_server_give_what_the_folder_gives(tmp_path, shards, serve):
    ended(command(tmp_path / "here", f"input={shards}"))
    server = serve(tmp_path)
    shown = ended(command(tmp_path / "there", f"input={server.address}/set"))
    assert kept(tmp_path / "there") == kept(tmp_path / "here")
    assert 100 < kept(tmp_path / "here").count(b"\n") <= 120 and "duplicate" in shown
    assert not list((tmp_path / "there").glob("hypnos-*")), "a copy was left"
    assert "read: reused" in ended(command(tmp_path / "there", f"input={server.address}/set"))


@pytest.mark.slow
def test_killed_while_it_fetches_the_same_command_goes_on(tmp_path, shards, serve):
    ended(command(tmp_path / "here", f"input={shards}"))
    server = serve(tmp_path, Slow)
    process = command(tmp_path / "there", f"input={server.address}/set")
    assert server.reached.wait(60)
    time.sleep(0.3)
    process.send_signal(signal.SIGKILL)
    process.wait()
    server.going.set()
    ended(command(tmp_path / "there", f"input={server.address}/set"))
    assert kept(tmp_path / "there") == kept(tmp_path / "here")


@pytest.mark.slow
def test_a_server_that_goes_away_is_one_line_and_the_same_command_goes_on(tmp_path, shards, serve):
    ended(command(tmp_path / "here", f"input={shards}"))
    server = serve(tmp_path)
    address = f"{server.address}/set"
    server.shutdown()
    server.server_close()
    line = error_of(ended(command(tmp_path / "there", f"input={address}"), status=1))
    assert re.match(rf"error: {re.escape(address)}: cannot be read: ClientConnectorError: Cannot connect", line)
    assert not list((tmp_path / "there").glob("artefacts/curation/*"))


@pytest.fixture(scope="module")
def s3():
    """moto's server, as it answers over HTTP, that looks at keys; and a client of the test's own."""
    if not (find_spec("moto") and find_spec("s3fs")):
        pytest.skip("needs moto's server and s3fs: pip install 'moto[server,s3]' s3fs")
    boto3 = pytest.importorskip("boto3")
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    address = f"http://{host}:{port}"
    access = {"aws_access_key_id": "writer", "aws_secret_access_key": "writes"}
    yield address, boto3.client("s3", endpoint_url=address, region_name="us-east-1", **access)
    server.stop()


def environment(address: str, **more: str) -> dict[str, str]:
    """What a user sets; nothing of it is a setting of ours."""
    keys = {"AWS_ACCESS_KEY_ID": "reader", "AWS_SECRET_ACCESS_KEY": "reads", "AWS_DEFAULT_REGION": "us-east-1"}
    return {**keys, "AWS_ENDPOINT_URL": address, "AWS_EC2_METADATA_DISABLED": "true", **more}


@pytest.fixture
def bucket(s3, shards, request):
    _, client = s3
    name = re.sub(r"[^a-z0-9]", "-", request.node.name.lower())[:50].strip("-")
    client.create_bucket(Bucket=name)
    for file in shards.iterdir():
        client.put_object(Bucket=name, Key=f"set/{file.name}", Body=file.read_bytes())
    client.put_object(Bucket=name, Key="set/_SUCCESS", Body=b"")
    return name


@pytest.mark.slow
def test_shards_in_a_bucket_give_what_the_folder_gives(tmp_path, shards, s3, bucket):
    """Also through a second bucket: an ETag is a checksum there, so that the step is reused."""
    address, client = s3
    ended(command(tmp_path / "here", f"input={shards}"))
    there = tmp_path / "there"
    ended(command(there, f"input=s3://{bucket}/set", "workers=2", **environment(address)))
    assert kept(there) == kept(tmp_path / "here") and b"\n" in kept(there)
    client.create_bucket(Bucket=f"{bucket}-2")
    for file in shards.iterdir():
        client.copy_object(Bucket=f"{bucket}-2", Key=f"a/{file.name}", CopySource=f"{bucket}/set/{file.name}")
    assert "read: reused" in ended(command(there, f"input=s3://{bucket}-2/a", **environment(address)))
    client.put_object(Bucket=bucket, Key="set/part-3.jsonl", Body=in_lines(pairs(21, 100)))
    shown = ended(command(there, f"input=s3://{bucket}/set", **environment(address)))
    assert "read: made" in shown
    one, two = (file.read_bytes() for file in there.glob("artefacts/instructions-*/records/kept.jsonl"))
    assert one != two


def read_in_another_process(code: str, address: str, **more: str) -> str:
    """What Python prints that reads with this code, with a user's environment."""
    prelude = "from hypnos.corpus.files import path_key, read_rows\nfrom hypnos.errors import UserError\n"
    prelude += "def line(address):\n    try:\n        return len(list(read_rows(address)))\n    except UserError as error:\n        return str(error)\n"
    done = subprocess.run(
        [sys.executable, "-c", prelude + code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, **environment(address, **more)},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.slow
def test_a_missing_bucket_and_a_missing_prefix_are_one_line(s3, bucket):
    shown = read_in_another_process(f"print(line('s3://no-such-bucket/set'))\nprint(line('s3://{bucket}/none'))", s3[0])
    first, second = shown.splitlines()
    assert first.startswith("s3://no-such-bucket/set: cannot be read: NoSuchBucket: ") and "does not exist" in first
    assert second.startswith(f"s3://{bucket}/none: nothing is there")


@pytest.mark.slow
def test_an_endpoint_that_nobody_answers_at_is_one_line(s3, bucket):
    shown = read_in_another_process(f"print(line('s3://{bucket}/set'))", "http://127.0.0.1:9")
    assert shown.startswith(f"s3://{bucket}/set: cannot be read: EndpointConnectionError: ") and shown.count("\n") == 0


@pytest.mark.slow
def test_no_key_and_a_wrong_key_are_one_line(s3, bucket):
    """moto looks at keys from a moment on that it is told of; none of them is repeated."""
    import requests

    address = s3[0]
    code = f"print(line('s3://{bucket}/set'))"
    nobody = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "HOME": "/nonexistent"}
    without = read_in_another_process(code, address, **nobody)
    assert without.startswith(f"s3://{bucket}/set: ") and "redentials" in without and without.count("\n") == 0
    requests.post(f"{address}/moto-api/reset-auth", data=b"0", timeout=10)
    try:
        wrong = read_in_another_process(code, address)
    finally:
        requests.post(f"{address}/moto-api/reset-auth", data=b"inf", timeout=10)
    assert wrong.startswith(f"s3://{bucket}/set: access is refused") and wrong.count("\n") == 0
    assert "reads" not in wrong


@pytest.mark.slow
def test_an_object_that_changes_between_two_readings_is_refused(s3, bucket):
    code = f"""
import boto3
client = boto3.client("s3", aws_access_key_id="writer", aws_secret_access_key="writes")
key = path_key("s3://{bucket}/set")
print(line("s3://{bucket}/set"))
body = client.get_object(Bucket="{bucket}", Key="set/part-3.jsonl")["Body"].read()
client.put_object(Bucket="{bucket}", Key="set/part-3.jsonl", Body=body.replace("。".encode(), "；".encode()))
print(line("s3://{bucket}/set"))
print(path_key("s3://{bucket}/set") == key)
"""
    count, changed, same = read_in_another_process(code, s3[0]).splitlines()
    assert count == "125"
    assert (
        changed
        == f"s3://{bucket}/set/part-3.jsonl: changed while this command ran; the same command begins with it as it is now"
    )
    assert same == "True"


@pytest.mark.slow
def test_a_large_object_in_parts_has_a_key_of_its_own_address(s3, bucket):
    """Its ETag is no checksum of the bytes: it depends on how it was cut."""
    _, client = s3
    for key, size in {"parts/a.jsonl": 5 << 20, "parts/b.jsonl": 6 << 20}.items():
        upload = client.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]
        content = b'{"text": "' + b"a" * (11 << 20) + b'"}\n'
        pieces = [content[:size], content[size:]]
        parts = [
            {
                "PartNumber": n,
                "ETag": client.upload_part(Bucket=bucket, Key=key, UploadId=upload, PartNumber=n, Body=piece)["ETag"],
            }
            for n, piece in enumerate(pieces, 1)
        ]
        client.complete_multipart_upload(Bucket=bucket, Key=key, UploadId=upload, MultipartUpload={"Parts": parts})
    code = f"print(line('s3://{bucket}/parts'), path_key('s3://{bucket}/parts/a.jsonl') == path_key('s3://{bucket}/parts/b.jsonl'))"
    assert read_in_another_process(code, s3[0]) == "2 False"
