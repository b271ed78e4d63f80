"""What is sent to a hub, against a server that speaks both hubs' protocols."""

import pytest

from hypnos.artefacts.upload import Upload, check_target, send
from hypnos.errors import UserError


@pytest.fixture(params=["hub", "ms"])
def hub(request):
    if request.param == "ms":
        pytest.importorskip("modelscope_hub")
    return request.param


@pytest.fixture
def upload(tmp_path):
    folder = tmp_path / "upload"
    folder.mkdir()
    (tmp_path / "weights").write_bytes(b"w" * 5000)
    (folder / "model.safetensors").symlink_to(tmp_path / "weights")
    (folder / "README.md").write_text("# 卡片\n", "utf-8")
    return Upload(kind="model", folder=folder, left_out=("stage.json",))


def test_a_new_repository_is_private_and_gets_all_files_at_once(hub, hub_server, upload):
    server = hub_server()
    send(upload, f"{hub}:owner/name", public=False)
    state = server.state()
    assert state["repositories"] == {
        "models/owner/name": {"private": True, "files": {"model.safetensors": "w" * 5000, "README.md": "# 卡片\n"}}
    }
    assert state["commits"] == 1


def test_a_public_one_is_refused_unless_that_is_wanted(hub, hub_server, upload):
    server = hub_server(repositories={"models/owner/name": {"private": False}})
    with pytest.raises(UserError, match=f"push {hub}:owner/name: everybody can read what is there"):
        send(upload, f"{hub}:owner/name", public=False)
    assert server.state()["commits"] == 0
    send(upload, f"{hub}:owner/name", public=True)
    held = server.state()["repositories"]["models/owner/name"]
    assert not held["private"] and set(held["files"]) == {"model.safetensors", "README.md"}


def test_a_hub_that_refuses_is_one_line_without_the_token(hub, hub_server, upload):
    server = hub_server(token="another")
    with pytest.raises(UserError, match=f"^push {hub}:owner/name: ") as caught:
        send(upload, f"{hub}:owner/name", public=False)
    assert "\n" not in str(caught.value) and "tk-zq" not in str(caught.value)
    assert server.state()["repositories"] == {}


def test_a_dry_run_lists_what_would_go_and_what_would_not(upload):
    lines = upload.describe("ms:owner/name", public=False).splitlines()
    assert lines[0] == "ms:owner/name (ModelScope, model, private)"
    assert [line.split() for line in lines[1:3]] == [["9", "README.md"], ["5,000", "model.safetensors"]]
    assert lines[3:] == ["  not sent: stage.json"]


@pytest.mark.parametrize("target", ["owner/name", "hub:name", "hub:a/b/c", "ms:a b/c", "s3:a/b"])
def test_what_is_no_name_is_told(target):
    with pytest.raises(UserError, match="must be hub:owner/name or ms:owner/name"):
        check_target(target, "push")
