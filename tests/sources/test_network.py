"""TLS, cut-off answers without a length, and deadlines, against small servers of our own."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
import time
from pathlib import Path

import pytest

from bot.sources.api_errors import ApiError, TransientError
from bot.sources.deadline import Halt, Watch
from bot.sources.http import ApiClient
from bot.sources.patience import Patience

ONCE = Patience(attempts=1, connect=1, read=5, deadline=0.2)
GOOD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


class Listener:
    """Takes one connection, answers with bytes, and closes it or keeps it open in silence."""

    def __init__(self, answer: bytes, *, tls: ssl.SSLContext | None = None) -> None:
        self._answer = answer
        self._tls = tls
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._serve)
        self.silent = False
        self.port = self._socket.getsockname()[1]

    def _serve(self) -> None:
        connection, _ = self._socket.accept()
        try:
            if self._tls:
                connection = self._tls.wrap_socket(connection, server_side=True)
            connection.recv(65_536)
            connection.sendall(self._answer)
            if self.silent:
                self._over.wait(5)
        except OSError:
            pass  # the client went away: that is what some tests are about
        finally:
            connection.close()

    def __enter__(self) -> Listener:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._socket.close()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate and key for 127.0.0.1 that nobody has signed."""
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl to make a certificate")
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    make = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=x"
    names = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(path), "-out"]
    crt = path.with_suffix(".crt")
    subprocess.run(["openssl", *make.split(), *names, crt], check=True, capture_output=True)
    path.write_text(path.read_text() + crt.read_text())
    return path


def tls_of(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def test_a_certificate_nobody_signed_is_refused(certificate: Path) -> None:
    with Listener(GOOD, tls=tls_of(certificate)) as server:
        client = ApiClient("sk-admin-x", f"https://127.0.0.1:{server.port}", patience=ONCE)
        with pytest.raises(ApiError) as caught:
            client.get("/organization/costs", ())
    assert str(caught.value) == (
        "costs: the server's certificate is not trusted\n"
        "  Behind a proxy that opens TLS, name its authority in source.ca_bundle."
    )
    assert not isinstance(caught.value, TransientError)


def test_an_authority_of_ones_own_is_trusted(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/else.pem")  # not read
    with Listener(GOOD, tls=tls_of(certificate)) as server:
        client = ApiClient(
            "sk-admin-x",
            f"https://127.0.0.1:{server.port}",
            ca_bundle=certificate.with_suffix(".crt"),
            patience=ONCE,
        )
        assert client.get("/organization/costs", ()).body == b"{}"
        client.close()


def test_the_deadline_holds_for_tls_too(certificate: Path) -> None:
    with Listener(GOOD[:40], tls=tls_of(certificate)) as server:
        server.silent = True
        client = ApiClient(
            "sk-admin-x",
            f"https://127.0.0.1:{server.port}",
            ca_bundle=certificate.with_suffix(".crt"),
            patience=ONCE,
        )
        begun = time.monotonic()
        with pytest.raises(TransientError, match=r"no complete answer in 0\.2 s"):
            client.get("/organization/costs", ())
        assert time.monotonic() - begun < 1


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Type: appl",
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n",
        b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{"data": [{"start_ti',
        b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{"a": {}',
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n5\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
        b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope",
        b"not http at all\r\n\r\n",
    ],
)
def test_an_answer_that_breaks_off_is_worth_another_try(answer: bytes) -> None:
    with Listener(answer) as server:
        client = ApiClient("sk-admin-x", f"http://127.0.0.1:{server.port}", patience=ONCE)
        with pytest.raises(TransientError):
            client.get("/organization/costs", ())


def test_a_halt_ends_a_read_and_nothing_starts_after_it() -> None:
    halt = Halt()
    with Listener(GOOD[:40]) as server:
        server.silent = True
        client = ApiClient("sk-admin-x", f"http://127.0.0.1:{server.port}")
        threading.Timer(0.03, halt.now).start()
        begun = time.monotonic()
        with pytest.raises(ApiError, match="costs: stopped"):
            client.get("/organization/costs", (), halt)
        with pytest.raises(ApiError, match="costs: stopped"):
            client.get("/organization/costs", (), halt)
        assert time.monotonic() - begun < 1


def test_a_socket_that_comes_after_the_time_is_over_is_shut_at_once() -> None:
    near, far = socket.socketpair()
    with near, far, Watch(60, Halt()) as watch:
        watch.shut()
        watch.hold(near)
        assert far.recv(1) == b""
