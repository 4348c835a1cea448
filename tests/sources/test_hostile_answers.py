"""Answers made to hurt: each ends in time, in little memory, with one line, and harms no other."""

from __future__ import annotations

import threading
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from socket import create_server

import pytest

from bot.errors import SourceError
from bot.sources.api_errors import ApiError, TransientError
from bot.sources.body import whole
from bot.sources.cost_pages import read_cost_page
from bot.sources.http import ApiClient
from bot.sources.openai_pages import MOST_VALUES, LargePageError, Place
from bot.sources.patience import Patience
from tests.fakes import FakeOpenAI, Fault
from tests.files import nameless
from tests.sources.asking import COSTS, LAST_DAYS, failing
from tests.sources.live import KEY, NOW

ONCE = Patience(attempts=1, connect=1, read=1, deadline=0.3, budget=1)
MEGABYTE = 1024 * 1024
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


def packed(body: bytes, form: int = 31, times: int = 1) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, form)
    return b"".join([*(packer.compress(body) for _ in range(times)), packer.flush()])


def encoded(body: bytes, encoding: str) -> bytes:
    return HEAD + f"Content-Encoding: {encoding}\r\n\r\n".encode() + body


@cache
def bomb(form: int = 31) -> bytes:
    """64 MB of blanks, packed."""
    return packed(b" " * MEGABYTE, form, times=64)


BOMBS: dict[str, Callable[[], bytes]] = {
    "gzip": lambda: encoded(bomb(), "gzip"),
    "gzip in gzip": lambda: encoded(packed(bomb()), "gzip, gzip"),
    "gzip in gzip in gzip": lambda: encoded(packed(packed(bomb())), "gzip, gzip, gzip"),
    "deflate": lambda: encoded(bomb(15), "deflate"),
    "deflate without a head": lambda: encoded(bomb(-15), "deflate"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_cut_off_in_little_memory(server: FakeOpenAI, name: str) -> None:
    server.faults.add(Fault("wire", body=BOMBS[name]()))
    patience = Patience(attempts=1, deadline=10)
    client = ApiClient(KEY, server.base_url, patience=patience, largest=4 * MEGABYTE)
    tracemalloc.start()
    try:
        assert failing_of(client) == "costs: the answer is larger than 4 MiB"
        assert tracemalloc.get_traced_memory()[1] < 20e6
    finally:
        tracemalloc.stop()
        client.close()


def test_an_answer_of_too_many_small_values_is_not_decoded() -> None:
    body = b'{"data": [' + b"{}," * MOST_VALUES + b"{},{}]}"
    tracemalloc.start()
    try:
        with pytest.raises(LargePageError, match="holds more than 4,000,000 values"):
            read_cost_page(body, Place("costs"))
        assert tracemalloc.get_traced_memory()[1] < 3 * len(body)
    finally:
        tracemalloc.stop()


def test_what_waits_on_disk_is_the_answer_and_nothing_of_the_question(server: FakeOpenAI) -> None:
    page = b'{"data": [], "has_more": false, "x": "%b"}' % (b"a" * 3 * MEGABYTE)
    server.faults.add(Fault("wire", body=HEAD + b"\r\n" + page))
    before = set(nameless())
    client = ApiClient(KEY, server.base_url, patience=Patience(attempts=1))
    answer = client.get(COSTS, LAST_DAYS)
    assert {file.read_bytes() for file in set(nameless()) - before} == {page}
    assert KEY.encode() not in whole(answer.body) == page
    client.close()


ODD = {
    "a chunk of less than nothing": (CHUNKED + b"-5\r\n{}\r\n0\r\n\r\n", "is not sound HTTP"),
    "an early hint": (b"HTTP/1.1 103 Early Hints\r\n\r\n" + HEAD + b"\r\n{}", "103 is no answer"),
    "another protocol": (b"HTTP/1.1 101 Switching Protocols\r\n\r\n", "101 is no answer yet"),
    "no status there is": (b"HTTP/1.1 99999 X\r\n\r\n", "the connection broke off"),
    "a header of 70 KB": (HEAD + b"X: " + b"a" * 70_000 + b"\r\n\r\n{}", "connection broke off"),
    "200 headers": (HEAD + b"X: y\r\n" * 200 + b"\r\n{}", "the connection broke off"),
    "50 encodings": (encoded(packed(b"{}"), ", ".join(["gzip"] * 50)), "cannot be decompressed"),
    "gzip that is none": (encoded(b"{}", "gzip"), "cannot be decompressed"),
    "a web page called JSON": (HEAD + b"\r\n <!doctype html><p>", "a web page came instead"),
    "words": (HEAD + b"\r\nok", "the answer broke off"),
    "two lengths": (HEAD + b"Content-Length: 2\r\nContent-Length: 9\r\n\r\n{}", "broke off"),
    "a length beyond all numbers": (
        HEAD + b"Content-Length: 9" + b"9" * 30 + b"\r\n\r\n{}",
        "is larger than 512 MiB",
    ),
    "an address that is none": (b"HTTP/1.1 308 X\r\nLocation: \xff\x1b[31m\r\n\r\n", "cted (308)"),
    "a refusal nested deep": (
        b"HTTP/1.1 401 X\r\n\r\n" + b"[" * 60_000,
        "does not know this admin",
    ),
    "no zone there is": (
        b"HTTP/1.1 429 X\r\nRetry-After: Mon, 01 Jan 2026 00:00:00 +9999999999999999999\r\n\r\n",
        "429 Too Many Requests",
    ),
}


@pytest.mark.parametrize(("answer", "wrong"), ODD.values(), ids=ODD.keys())
def test_an_odd_answer_is_told_in_a_line_and_spoils_no_other(
    server: FakeOpenAI, answer: bytes, wrong: str
) -> None:
    server.faults.add(Fault("wire", body=answer))
    client = ApiClient(KEY, server.base_url, patience=ONCE)
    said = failing_of(client)
    assert wrong in said.splitlines()[0]
    assert said.startswith("costs: ")
    assert said.replace("\n", "").isprintable()
    assert whole(client.get(COSTS, LAST_DAYS).body).startswith(b'{"object": "page"')
    client.close()


ENDLESS = {
    "continue": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "a status line": (b"", b"HTTP/1.1 "),
    "header lines": (HEAD, b"X: " + b"a" * 1_000 + b"\r\n"),
    "a header line": (HEAD + b"X: ", b"a" * 10_000),
    "chunks of a byte": (CHUNKED, b"1\r\n \r\n"),
    "an extension of a chunk": (CHUNKED + b"5;", b"a" * 65_536),
    "trailers": (CHUNKED + b"2\r\n{}\r\n0\r\n", b"X: y\r\n" * 1_000),
    "empty members of gzip": (encoded(b"", "gzip"), packed(b"")),
    "empty blocks of deflate": (encoded(b"\x78\x9c", "deflate"), b"\x00\x00\x00\xff\xff"),
    "a name in gzip": (encoded(b"\x1f\x8b\x08\x08\0\0\0\0\0\3", "gzip"), b"a" * 65_536),
    "the body of an error": (b"HTTP/1.1 500 X\r\n\r\n", b" "),
    "the body of a redirect": (b"HTTP/1.1 302 X\r\nLocation: /\r\n\r\n", b" "),
}


@pytest.mark.parametrize(("start", "tail"), ENDLESS.values(), ids=ENDLESS.keys())
def test_an_endless_answer_ends_at_the_deadline_in_little_memory(
    server: FakeOpenAI, start: bytes, tail: bytes
) -> None:
    server.faults.add(Fault("wire", body=start, tail=tail, seconds=0.002))
    client = ApiClient(KEY, server.base_url, patience=ONCE)
    begun = time.monotonic()
    tracemalloc.start()
    try:
        said = failing_of(client)
        assert tracemalloc.get_traced_memory()[1] < 20e6
    finally:
        tracemalloc.stop()
        client.close()
    assert time.monotonic() - begun < 2
    assert "no complete answer in 0.3 s" in said or "broke off" in said


@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308])
def test_no_redirect_of_any_kind_takes_the_key_along(server: FakeOpenAI, status: int) -> None:
    with FakeOpenAI(now=NOW, admin_key=KEY) as other:
        for location in (
            f"{other.base_url}{COSTS}",
            f"//{other.url[7:]}/x",
            "https://evil.example",
        ):
            server.faults.add(Fault("redirect", status=status, location=location))
            client = ApiClient(KEY, server.base_url, patience=ONCE)
            assert f"({status})" in failing_of(client)
            client.close()
        assert other.requests == []


def test_a_netrc_at_home_is_not_read(
    server: FakeOpenAI, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".netrc").write_text("default login eve password s3cret\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("NETRC", raising=False)
    client = ApiClient(KEY, server.base_url, patience=ONCE)
    assert client.get(COSTS, LAST_DAYS).body
    client.close()
    assert [request.authorization for request in server.requests] == ["expected"]


@contextmanager
def dripping_proxy(start: bytes, tail: bytes) -> Iterator[str]:
    """A proxy that takes one connection and answers it for much too long."""
    over = threading.Event()
    listening = create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = listening.accept()
        with connection:
            try:
                connection.recv(65_536)
                connection.sendall(start)
                for _ in range(150):  # three seconds: a client that does not end fails then
                    connection.sendall(tail)
                    if over.wait(0.02):
                        return
            except OSError:
                return  # cut off: that is what is tested

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        over.set()
        thread.join()
        listening.close()


@pytest.mark.parametrize(
    ("start", "tail"), [(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"), (b"HTTP/1.1 200 ", b"O")]
)
def test_a_proxy_that_drips_its_answer_ends_at_the_deadline(start: bytes, tail: bytes) -> None:
    with dripping_proxy(start, tail) as proxy:
        client = ApiClient(KEY, "https://api.openai.example/v1", proxy=proxy, patience=ONCE)
        begun = time.monotonic()
        assert failing_of(client, TransientError) == "costs: no complete answer in 0.3 s"
        assert time.monotonic() - begun < 1
        client.close()


def failing_of(client: ApiClient, kind: type[SourceError] | None = None) -> str:
    """What the client says; any kind of ApiError unless one is named."""
    if kind is not None:
        return failing(client, kind)
    with pytest.raises(ApiError) as caught:
        client.get(COSTS, LAST_DAYS)
    assert KEY not in str(caught.value)
    return str(caught.value)
