"""Serves the bill of a shape on loopback: `python -m benchmarks.speed.server SHAPE… BUCKETS`.

Prints its port. A page has the asked-for number of buckets, and at most `BUCKETS`. The last pages
made are kept, so that two who ask for the same are sent the same without waiting.
"""

from __future__ import annotations

import json
import sys
from collections import OrderedDict
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from benchmarks.speed.pages import DAY_SECONDS, Bill, page
from benchmarks.speed.shape import Shape

_KEPT = 4
_NO_USE = page([], None)


class Server(ThreadingHTTPServer):
    """Knows the bill and the pages that were asked for last."""

    daemon_threads = True

    def __init__(self, bill: Bill, buckets: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self._bill = bill
        self._buckets = buckets
        self._kept: OrderedDict[str, bytes] = OrderedDict()

    def costs(self, asked: dict[str, list[str]]) -> bytes:
        """A page of costs."""
        key = repr(sorted(asked.items()))
        if key not in self._kept:
            self._kept[key] = self._costs(asked)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return self._kept[key]

    def _costs(self, asked: dict[str, list[str]]) -> bytes:
        start, end = (int(asked[name][0]) for name in ("start_time", "end_time"))
        at = int(asked["page"][0].removeprefix("from-")) if "page" in asked else start
        count = min(int(asked.get("limit", ["7"])[0]), self._buckets)
        until = min(at + count * DAY_SECONDS, end)
        first = datetime.fromtimestamp(at, UTC).date()
        days = [first + timedelta(days=n) for n in range((until - at) // DAY_SECONDS)]
        return page([self._bill.bucket(day) for day in days], f"from-{until}" * (until < end))

    def names(self, path: str) -> bytes:
        """A listing: the projects, or the keys of one; no people."""
        shape, parts = self._bill.shape, path.strip("/").split("/")
        found: list[dict[str, str]] = []
        if parts[-1] == "projects":
            found = [{"id": p, "name": f"Team {p[-6:]}"} for p in shape.project_ids()]
        elif parts[-1] == "api_keys":
            found = [{"id": key, "name": key[-8:]} for key in shape.key_ids(parts[-2])]
        return json.dumps({"object": "list", "data": found, "has_more": False}).encode()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def log_message(self, *_: object) -> None:
        """Nothing."""

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        if url.path.endswith("/costs"):
            body = self.server.costs(parse_qs(url.query))
        else:
            body = _NO_USE if "/usage/" in url.path else self.server.names(url.path)
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main(arguments: list[str]) -> None:
    """Serve until killed."""
    *shape, buckets = map(int, arguments)
    server = Server(Bill(Shape(*shape)), buckets)
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main(sys.argv[1:])
