"""As much of the Hugging Face hub as an upload of small files asks, on the loopback."""

import base64
import hashlib
import http.server
import json
import threading

import pytest


class Hub(http.server.BaseHTTPRequestHandler):
    """As much of the hub's API as an upload of small files asks."""

    def log_message(self, *_):
        pass

    def do_POST(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        self.server.asked.append((self.path, self.headers.get("Authorization"), body))
        if self.server.refuses:
            self._answer(401, {"error": "no"})
        elif self.path == "/api/repos/create":
            self._answer(200, {"url": f"{self.server.root}/me/mine", "name": "me/mine", "id": "me/mine"})
        elif "/preupload/" in self.path:
            files = [each["path"] for each in json.loads(body)["files"]]
            self._answer(200, {"files": [{"path": f, "uploadMode": "regular", "shouldIgnore": False} for f in files]})
        elif "/commit/" in self.path:
            for line in body.splitlines():
                value = json.loads(line)["value"]
                if "content" in value:
                    self.server.files[value["path"]] = base64.b64decode(value["content"])
            commit = {"commitOid": "c0ffee", "commitUrl": f"{self.server.root}/me/mine/commit/c0ffee"}
            self._answer(200, commit | {"success": True, "hookOutput": ""})
        else:
            self._answer(200, {"errors": [], "warnings": []})

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        if "/resolve/" not in self.path:
            self._answer(200, {"id": "me/mine", "sha": "0" * 40, "siblings": []})
            return
        content = self.server.files.get(self.path.rpartition("/")[2])
        if content is None:
            self._answer(404, {"error": "Entry not found"}, {"X-Error-Code": "EntryNotFound"})
            return
        name = hashlib.sha256(content).hexdigest()
        self._answer(200, content, {"X-Repo-Commit": "0" * 40, "ETag": f'"{name}"'})

    def _answer(self, status, value, headers=()):
        content = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        for name, text in dict(headers).items():
            self.send_header(name, text)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)


@pytest.fixture
def hub(monkeypatch):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    server.asked, server.refuses, server.files = [], False, {}
    server.root = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    monkeypatch.setenv("HF_ENDPOINT", server.root)
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    yield server
    server.shutdown()
    server.server_close()
