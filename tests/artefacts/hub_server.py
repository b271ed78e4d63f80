"""A server that speaks as much of the Hugging Face hub's and of ModelScope's protocols as pushing and fetching take.

Run as a script, it prints its port and serves until killed. Repositories live in memory; `/state` shows them.
"""

import asyncio
import base64
import hashlib
import json
import sys

from aiohttp import web

SEGMENTS = "{kind:models|datasets}"


class Server:
    def __init__(self, options: dict) -> None:
        self.repositories: dict[str, dict] = {}
        self.blobs: dict[str, bytes] = {}
        self.commits = 0
        self.token = options.get("token", "tk-zq")
        for name, held in options.get("repositories", {}).items():
            files = {path: text.encode() for path, text in held.get("files", {}).items()}
            self.repositories[name] = {"private": held.get("private", False), "files": files}

    @web.middleware
    async def authorize(self, request: web.Request, handler) -> web.StreamResponse:
        reads = request.method == "GET" or request.path.startswith("/blob/")
        shown = (request.headers.get("Authorization", ""), request.cookies.get("m_session_id", ""))
        if not reads and not any(self.token in words for words in shown):
            return web.json_response({"error": "who are you", "Code": 401, "Message": "who are you"}, status=401)
        return await handler(request)

    def name(self, request: web.Request) -> str:
        return f"{request.match_info['kind']}/{request.match_info['owner']}/{request.match_info['name']}"

    def make(self, name: str, private: bool) -> bool:
        if name in self.repositories:
            return False
        self.repositories[name] = {"private": private, "files": {}}
        return True

    # ---- Hugging Face ----

    async def hub_info(self, request: web.Request) -> web.Response:
        held = self.repositories.get(self.name(request))
        if held is None:
            headers = {"X-Error-Code": "RepoNotFound", "X-Error-Message": "not there"}
            return web.json_response({"error": "Repository not found"}, status=404, headers=headers)
        repo = f"{request.match_info['owner']}/{request.match_info['name']}"
        return web.json_response({"id": repo, "private": held["private"], "siblings": [], "sha": "0" * 40})

    async def hub_create(self, request: web.Request) -> web.Response:
        body = await request.json()
        name = f"{body.get('type') or 'model'}s/{body['organization']}/{body['name']}"
        if not self.make(name, body.get("visibility") == "private" or bool(body.get("private"))):
            return web.json_response({"error": "You already created this repo"}, status=409)
        return web.json_response({"url": f"http://{request.host}/{body['organization']}/{body['name']}"})

    async def hub_preupload(self, request: web.Request) -> web.Response:
        files = (await request.json())["files"]
        modes = [
            {"path": f["path"], "shouldIgnore": False, "uploadMode": "lfs" if _is_large(f["path"]) else "regular"}
            for f in files
        ]
        return web.json_response({"files": modes})

    async def hub_commit(self, request: web.Request) -> web.Response:
        files = self.repositories[self.name(request)]["files"]
        for line in (await request.text()).splitlines():
            entry = json.loads(line)
            value = entry["value"]
            if entry["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif entry["key"] == "lfsFile":
                files[value["path"]] = self.blobs[value["oid"]]
        self.commits += 1
        url = f"http://{request.host}/{self.name(request).removeprefix('models/')}/commit/{'1' * 40}"
        commit = {"commitOid": "1" * 40, "commitUrl": url, "hookOutput": "", "success": True}
        return web.json_response(commit)

    async def yaml(self, request: web.Request) -> web.Response:
        return web.json_response({"errors": [], "warnings": []})

    async def batch(self, request: web.Request) -> web.Response:
        objects = []
        for one in (await request.json())["objects"]:
            actions = {"upload": {"href": f"http://{request.host}/blob/{one['oid']}", "header": {}}}
            held = one["oid"] in self.blobs
            objects.append({"oid": one["oid"], "size": one["size"], **({} if held else {"actions": actions})})
        wrapped = {"Code": 200, "Data": {"objects": objects}, "Success": True}
        plain = {"transfer": "basic", "objects": objects}
        kind = "application/vnd.git-lfs+json"
        body = wrapped if request.path.startswith("/api/v1/") else plain
        return web.json_response(body, content_type=kind if body is plain else "application/json")

    async def put_blob(self, request: web.Request) -> web.Response:
        content = await request.read()
        oid = request.match_info["oid"]
        assert hashlib.sha256(content).hexdigest() == oid
        self.blobs[oid] = content
        return web.json_response({"Code": 200, "Success": True})

    # ---- ModelScope ----

    async def ms_info(self, request: web.Request) -> web.Response:
        held = self.repositories.get(self.name(request))
        if held is None:
            body = {"Code": 10010205001, "Message": "not found", "success": False, "Success": False}
            return web.json_response(body, status=404)
        repo = f"{request.match_info['owner']}/{request.match_info['name']}"
        data = {"id": repo, "private": held["private"], "Visibility": 1 if held["private"] else 5}
        return web.json_response({"Code": 200, "success": True, "Success": True, "data": data, "Data": data})

    async def ms_create(self, request: web.Request) -> web.Response:
        body = await request.json() if request.content_type == "application/json" else dict(await request.post())
        owner = body.get("Path") or body.get("Owner")
        name = f"{request.match_info['kind']}/{owner}/{body['Name']}"
        if not self.make(name, int(body["Visibility"]) == 1):
            return web.json_response({"Code": 10020101001, "Message": "exists", "Success": False}, status=409)
        return web.json_response({"Code": 200, "Success": True, "Data": {"Path": owner, "Name": body["Name"]}})

    async def ms_commit(self, request: web.Request) -> web.Response:
        files = self.repositories[self.name(request)]["files"]
        for action in (await request.json())["actions"]:
            lfs = action["type"] == "lfs"
            files[action["path"]] = self.blobs[action["sha256"]] if lfs else base64.b64decode(action["content"])
        self.commits += 1
        return web.json_response({"Code": 200, "Success": True, "Data": {"oid": "1" * 40}})

    async def ms_files(self, request: web.Request) -> web.Response:
        held = self.repositories.get(self.name(request))
        if held is None:
            return web.json_response({"Code": 404, "Message": "not found", "Success": False}, status=404)
        entries = [
            {
                **{"Name": path.rpartition("/")[2], "Path": path, "Type": "blob", "Size": len(content)},
                **{"Sha256": hashlib.sha256(content).hexdigest(), "Revision": "1" * 40},
            }
            for path, content in held["files"].items()
        ]
        return web.json_response({"Code": 200, "Success": True, "Data": {"Files": entries}})

    async def ms_content(self, request: web.Request) -> web.Response:
        return web.Response(body=self.repositories[self.name(request)]["files"][request.query["FilePath"]])

    async def ms_revisions(self, request: web.Request) -> web.Response:
        branches = [{"Revision": "master", "CreatedAt": 1}]
        data = {"RevisionMap": {"Branches": branches, "Tags": []}}
        return web.json_response({"Code": 200, "Success": True, "Data": data})

    async def state(self, request: web.Request) -> web.Response:
        shown = {
            name: {
                "private": held["private"],
                "files": {path: content.decode("utf-8", "replace") for path, content in held["files"].items()},
            }
            for name, held in self.repositories.items()
        }
        return web.json_response({"repositories": shown, "commits": self.commits})


def _is_large(path: str) -> bool:
    return path.endswith((".safetensors", ".model"))


async def serve(options: dict) -> None:
    server = Server(options)
    app = web.Application(client_max_size=1 << 28, middlewares=[server.authorize])
    repo = f"{SEGMENTS}/{{owner}}/{{name}}"
    app.router.add_get("/state", server.state)
    app.router.add_put("/blob/{oid}", server.put_blob)
    app.router.add_post("/api/repos/create", server.hub_create)
    app.router.add_post("/api/validate-yaml", server.yaml)
    app.router.add_get(f"/api/{repo}", server.hub_info)
    app.router.add_post(f"/api/{repo}/preupload/main", server.hub_preupload)
    app.router.add_post(f"/api/{repo}/commit/main", server.hub_commit)
    app.router.add_post("/{prefix:(?:datasets/)?}{owner}/{name}.git/info/lfs/objects/batch", server.batch)
    app.router.add_get(f"/openapi/v1/{repo}", server.ms_info)
    app.router.add_post(f"/api/v1/{SEGMENTS}", server.ms_create)
    app.router.add_get(f"/api/v1/{repo}", server.ms_info)
    app.router.add_get(f"/api/v1/{repo}/revisions", server.ms_revisions)
    app.router.add_get(f"/api/v1/{repo}/repo/files", server.ms_files)
    app.router.add_get(f"/api/v1/{repo}/repo/tree", server.ms_files)
    app.router.add_get(f"/api/v1/{repo}/repo", server.ms_content)
    app.router.add_post(f"/api/v1/repos/{repo}/commit/master", server.ms_commit)
    app.router.add_post(f"/api/v1/repos/{repo}/info/lfs/objects/batch", server.batch)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(json.loads(sys.argv[1]) if len(sys.argv) > 1 else {}))
