"""As much of Elasticsearch as ElastAlert2 asks for: one sum, and the index in which it remembers.

What it writes is kept here, outside its process, as a real Elasticsearch would keep it.
"""

from __future__ import annotations

import json
import threading
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Json = dict[str, Any]


class FakeSearch:
    """A server at `port`; `usd` is what the documents of the day add up to."""

    def __init__(self) -> None:
        self.usd = 0.0
        self.sums_asked = 0
        self.kept: dict[str, dict[str, Json]] = {}
        handler = type("Handler", (_Handler,), {"search": self})
        self._server = _Server(("127.0.0.1", 0), handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, method: str, path: str, body: Json) -> Json:
        index, _, action = path.strip("/").partition("/")
        if not index:
            return {"version": {"number": "7.10.1"}, "tagline": "You Know, for Search"}
        if action == "_search":
            return self._found(index, body)
        if action.startswith("_doc"):
            return self._changed(method, index, action.partition("/")[2], body)
        return {"acknowledged": True, "count": 0}

    def _changed(self, method: str, index: str, key: str, body: Json) -> Json:
        documents = self.kept.setdefault(index, {})
        if method == "DELETE":
            documents.pop(key, None)
            return {"result": "deleted"}
        key = key or uuid.uuid4().hex
        documents[key] = body
        return {"_index": index, "_id": key, "result": "created", "_version": 1}

    def _found(self, index: str, query: Json) -> Json:
        if "aggs" in query:
            self.sums_asked += 1
            return _hits([]) | {"aggregations": {"metric_usd_sum": {"value": self.usd}}}
        documents = [
            {"_index": index, "_id": key, "_source": dict(one)}
            for key, one in self.kept.get(index, {}).items()
            if _fits(one, json.dumps(query))
        ]
        return _hits(sorted(documents, key=_newest, reverse=True))


def _fits(document: Json, query: str) -> bool:
    """The three questions ElastAlert2 has: of a rule, of what was not sent, of an aggregate."""
    if "alert_sent" in query:
        return document.get("alert_sent") is False and "aggregate_id" not in document
    if "aggregate_id" in query:
        return False
    return json.dumps(document.get("rule_name")) in query


def _newest(hit: Json) -> str:
    source = hit["_source"]
    return str(source.get("until") or source.get("endtime") or source.get("@timestamp") or "")


def _hits(found: list[Json]) -> Json:
    total = {"value": len(found), "relation": "eq"}
    return {"took": 1, "timed_out": False, "_shards": {}, "hits": {"total": total, "hits": found}}


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """Nothing: whoever asks may be killed."""


class _Handler(BaseHTTPRequestHandler):
    search: FakeSearch
    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = self.path.partition("?")[0]
        found = self.search.answer(self.command, path, json.loads(body) if body else {})
        said = json.dumps(found).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(said)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _answer  # noqa: N815 - the names http.server asks for

    def log_message(self, *_: object) -> None:
        """Nothing."""
