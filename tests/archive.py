"""The archive of `archive_world` behind a real server of this machine: a STAC API, and files by ranges, with faults."""

import hashlib
import http.server
import json
import re
import threading
from collections import Counter
from contextlib import contextmanager
from email.utils import formatdate
from pathlib import Path

from data.archive_world import BANDS, COVER_NAME, ITEMS, bounds, item

_RANGE = re.compile(r"bytes=(\d+)-(\d*)")


class Archive(http.server.ThreadingHTTPServer):
    """What it was asked, and what it is to do wrong.

    Attributes:
        folder: of the files.
        asked: requests by kind.
        sent: bytes of contents.
        faults: how often each fault is still to happen.
        changes: to each item, by key.
        only: when not empty, the part of an address that faults are of.
    """

    daemon_threads = True

    def __init__(self, folder):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.folder = Path(folder)
        self.asked, self.sent = Counter(), 0
        self.faults, self.changes, self.only = Counter(), {}, ""
        self.version = 0
        self.lock = threading.Lock()

    @property
    def root(self):
        """Its address."""
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, *_):
        """Who hangs up is no news."""

    def due(self, fault, path=""):
        """Whether a fault happens now."""
        with self.lock:
            if self.faults[fault] <= 0 or self.only not in path:
                return False
            self.faults[fault] -= 1
            return True

    def sources(self, folder):
        """Files of its two sources, as a user would write them."""
        imagery = {
            "name": "here", "title": "Images of this machine", "kind": "stac", "api": self.root, "collection": "s2",
            "hosts": ["127.0.0.1"], "licence": "CC0", "attribution": "nobody", "resolution": 10, "values": "uint16",
            "bands": {band: band for band in BANDS}, "declares_offset": True, "cloud": "eo:cloud_cover",
            "mask": {"asset": "scl", "empty": [0, 1], "clouded": [3, 8, 9, 10]}, "block": 128,
        }  # fmt: skip
        cover = {
            "name": "cover-here", "title": "Cover of this machine", "kind": "tiles", "product": "esa-worldcover",
            "hosts": ["127.0.0.1"], "licence": "CC0", "attribution": "nobody", "resolution": 92, "degrees": 3,
            "corner": "{ns}{lat:02d}{ew}{lon:03d}", "block": 128,
            "urls": {2021: f"{self.root}/ESA_WorldCover_10m_2021_v200_{{corner}}_Map.tif"},
        }  # fmt: skip
        folder.mkdir(parents=True, exist_ok=True)
        for values in (imagery, cover):
            (folder / f"{values['name']}.yaml").write_text(json.dumps(values).replace('"2021"', "2021"))
        return folder / "here.yaml", folder / "cover-here.yaml"


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_POST(self):
        query = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked["search"] += 1
        if self.server.due("busy", self.path):
            self.send_response(503)
            self.send_header("Retry-After", formatdate(usegmt=True))
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        lon, lat = query["intersects"]["coordinates"]
        west, south, east, north = bounds()
        first, last = query["datetime"].split("/")
        found = [
            item(name, self.server.root, **self.server.changes)
            for name, (day, clouds, _) in ITEMS.items()
            if west < lon < east
            and south < lat < north
            and first <= day <= last
            and clouds <= query.get("query", {}).get("eo:cloud_cover", {}).get("lte", 100)
        ]
        # One item a page, as an API with long lists does.
        at = int(query.get("page", 0))
        links = [{"rel": "next", "method": "POST", "href": f"{self.server.root}/search", "body": {"page": at + 1}}]
        answer = {
            "type": "FeatureCollection",
            "features": found[at : at + 1],
            "links": links if at + 1 < len(found) else [],
        }
        self._send(200, json.dumps(answer).encode(), {"Content-Type": "application/geo+json"})

    def do_GET(self):
        server = self.server
        server.asked["file"] += 1
        path = server.folder / self.path.lstrip("/")
        if self.path.startswith("/moved/"):
            self._send(302, b"", {"Location": "http://example.org/elsewhere.tif"})
            return
        if not path.is_file():
            self._send(404, b"", {})
            return
        if server.due("busy", self.path):
            self._send(503, b"", {"Retry-After": "0"})
            return
        data = path.read_bytes()
        written = f"{path} {path.stat().st_mtime_ns}"
        etag = f'"{hashlib.sha256(written.encode()).hexdigest()[:12]}-{server.version}"'
        if server.due("etag", self.path):
            server.version += 1
        told = _RANGE.fullmatch(self.headers.get("Range", ""))
        if told is None or server.due("no ranges", self.path):
            status, content, headers = 200, data, {"ETag": etag}
        elif int(told[1]) >= len(data):
            status, content, headers = 416, b"", {"Content-Range": f"bytes */{len(data)}"}
        else:
            first, last = int(told[1]), min(int(told[2] or len(data)), len(data) - 1)
            status, content = 206, data[first : last + 1]
            first += server.due("other bytes", self.path)
            headers = {"Content-Range": f"bytes {first}-{last}/{len(data)}", "ETag": etag}
        if server.due("cut short", self.path):
            self._send(status, content[: len(content) // 2], headers, length=len(content))
            self.close_connection = True
        else:
            self._send(status, content, headers)

    def _send(self, status, content, headers, length=None):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content) if length is None else length))
        self.end_headers()
        # Counted first: whoever was answered may ask for the count before this thread runs again.
        with self.server.lock:
            self.server.sent += len(content)
        self.wfile.write(content)


@contextmanager
def serving(folder):
    """The archive, as long as the block lasts."""
    server = Archive(folder)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


__all__ = ["COVER_NAME", "Archive", "serving"]
