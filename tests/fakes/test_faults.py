"""Each fault does to a real client what it says, and no more."""

from __future__ import annotations

import http.client
import itertools
import socket
import threading
import time
import urllib.error
from typing import Any

import pytest
import requests
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from tests.fakes import FakeOpenAI, FakeSlack, Fault, eight_faults
from tests.fakes.http import FakeServer, Reply, Request

POST = "/api/chat.postMessage"
COSTS = "C0COSTS001"
TROUBLE = (SlackApiError, OSError, http.client.HTTPException)


def caller(slack: FakeSlack, seconds: float = 5) -> WebClient:
    return WebClient(
        slack.bot_token,
        base_url=slack.base_url,
        retry_handlers=[],
        timeout=seconds,  # type: ignore[arg-type]  # slack_sdk hands it to urlopen: floats work
    )


def say(slack: FakeSlack, text: str = "Hi", seconds: float = 5) -> Any:
    return caller(slack, seconds).chat_postMessage(channel=COSTS, text=text)


def hit(slack: FakeSlack, fault: Fault, seconds: float = 5) -> BaseException:
    """What the client sees when its post meets the fault."""
    slack.faults.add(fault)
    with pytest.raises(TROUBLE) as caught:
        say(slack, seconds=seconds)
    return caught.value


# --- the eight


@pytest.mark.parametrize(
    ("fault", "error", "posted"),
    [
        (Fault("drop_before", POST), http.client.RemoteDisconnected, 0),
        (Fault("drop_after", POST), http.client.RemoteDisconnected, 1),
        (Fault("reset", POST), ConnectionResetError, 1),
        (Fault("reset", POST, act=False), ConnectionResetError, 0),
        (Fault("truncate", POST), http.client.IncompleteRead, 1),
        (Fault("timeout", POST), TimeoutError, 1),
        (Fault("status", POST, status=503), SlackApiError, 0),
        (Fault("status", POST, status=500, act=True), SlackApiError, 1),
        (Fault("status", POST, status=429), SlackApiError, 0),
        (Fault("html", POST), SlackApiError, 0),
    ],
    ids=lambda value: value.kind if isinstance(value, Fault) else None,
)
def test_a_fault_is_seen_as_itself_and_says_whether_the_message_was_stored(
    slack: FakeSlack, fault: Fault, error: type[Exception], posted: int
) -> None:
    seconds = 0.05 if fault.kind == "timeout" else 5
    assert type(hit(slack, fault, seconds)) is error  # RemoteDisconnected is a reset, too
    assert len(slack.messages) == posted
    assert [request.fault for request in slack.requests] == [fault.kind]
    assert say(slack)["ok"]
    assert len(slack.messages) == posted + 1


def test_the_eight_faults_leave_a_message_behind_four_times(slack: FakeSlack) -> None:
    faults = eight_faults(POST, hold=30)
    assert len(faults) == 8
    for fault in faults:
        hit(slack, fault, seconds=0.05 if fault.kind == "timeout" else 5)
    assert len(slack.messages) == 4
    assert slack.faults.pending == []


def test_a_status_fault_speaks_the_language_of_the_service(slack: FakeSlack) -> None:
    headers = {"Retry-After": "7"}
    error = hit(slack, Fault("status", POST, status=429, headers=headers))
    assert isinstance(error, SlackApiError)
    assert error.response.status_code == 429
    assert error.response["error"] == "ratelimited"
    assert error.response.headers["Retry-After"] == "7"
    with FakeOpenAI() as openai:
        openai.faults.add(Fault("status", status=429), Fault("status", status=502, body="<b>"))
        first, second = (requests.get(openai.base_url, timeout=5) for _ in range(2))
    assert first.json()["error"]["code"] == "rate_limit_exceeded"
    assert first.headers["x-request-id"].startswith("req_")
    assert (second.status_code, second.text) == (502, "<b>")


def test_the_byte_upload_can_be_hit_too(slack: FakeSlack) -> None:
    given = caller(slack).files_getUploadURLExternal(filename="a.png", length=3)
    slack.faults.add(Fault("drop_after", "/upload/*"))
    with pytest.raises(requests.ConnectionError):
        requests.post(given["upload_url"], data=b"abc", timeout=5)
    assert slack.files[given["file_id"]].content == b"abc"


# --- the hostile


def test_an_answer_can_drip_and_still_be_whole(slack: FakeSlack) -> None:
    slack.faults.add(Fault("drip", POST, seconds=0))
    assert say(slack)["ok"]
    slack.faults.add(Fault("drip", POST, seconds=0.02))
    started = time.monotonic()
    with socket.create_connection(("127.0.0.1", int(slack.url.rpartition(":")[2]))) as line:
        line.sendall(f"POST {POST} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert len(line.recv(1000)) == 1
    assert time.monotonic() - started < 1


def test_a_gzip_bomb_is_small_on_the_wire_and_large_unpacked() -> None:
    with FakeOpenAI() as openai:
        openai.faults.add(Fault("gzip_bomb", size=8 * 1024 * 1024))
        answer = requests.get(openai.base_url, timeout=5)
    assert int(answer.headers["Content-Length"]) < 20_000
    assert len(answer.content) == 8 * 1024 * 1024


def test_a_huge_body_never_ends() -> None:
    with FakeOpenAI() as openai:
        openai.faults.add(Fault("huge"))
        with requests.get(openai.base_url, timeout=5, stream=True) as answer:
            pieces = itertools.islice(answer.iter_content(65536), 50)
            assert sum(len(piece) for piece in pieces) > 1_000_000


def test_a_redirect_names_another_host_and_does_not_act(slack: FakeSlack) -> None:
    slack.faults.add(Fault("redirect", POST, location="http://evil.invalid/x", status=307))
    answer = requests.post(f"{slack.url}{POST}", timeout=5, allow_redirects=False)
    assert (answer.status_code, answer.headers["Location"]) == (307, "http://evil.invalid/x")
    assert slack.messages == []


def test_a_body_can_come_under_the_wrong_type(slack: FakeSlack) -> None:
    slack.faults.add(
        Fault("wrong_type", POST),
        Fault("wrong_type", POST, body="[1]", content_type="application/json"),
    )
    first, second = (requests.post(f"{slack.url}{POST}", timeout=5) for _ in range(2))
    assert (first.headers["Content-Type"], first.json()["error"]) == ("text/plain", "not_authed")
    assert second.json() == [1]


# --- the script


def test_faults_are_taken_in_order_by_path_times_and_after(slack: FakeSlack) -> None:
    slack.faults.add(
        Fault("status", "/api/auth.*", status=500),
        Fault("status", POST, status=501, after=1, times=2),
        Fault("status", "/api/*", status=502, after=3),
    )
    paths = ["/api/auth.test", POST, POST, POST, "/api/auth.test", "/api/auth.test"]
    statuses = [requests.post(f"{slack.url}{path}", timeout=5).status_code for path in paths]
    assert statuses == [500, 200, 501, 501, 502, 200]
    slack.faults.add(Fault("status", times=None))
    assert [requests.post(slack.base_url, timeout=5).status_code for _ in range(3)] == [500] * 3
    slack.faults.clear()
    assert requests.post(f"{slack.url}{POST}", timeout=5).status_code == 200


def test_a_fault_without_a_meaning_is_refused() -> None:
    with pytest.raises(ValueError, match="no fault is called 'explode'"):
        Fault("explode")  # type: ignore[arg-type]  # the claim is about just this mistake
    with pytest.raises(ValueError, match="the server must act"):
        Fault("truncate", act=False)


# --- the server


def test_connections_are_kept_alive_and_faults_end_them() -> None:
    with FakeOpenAI() as openai:
        line = http.client.HTTPConnection(openai.url.removeprefix("http://"), timeout=5)

        def ask() -> socket.socket | None:
            line.request("POST", "/v1/x", body=b"read this body too")
            line.getresponse().read()
            return line.sock

        first = ask()
        assert first is not None
        assert ask() is first
        openai.faults.add(Fault("status", status=500))
        assert ask() is None
        assert ask() is not first
        line.close()
    assert [request.status for request in openai.requests] == [405, 405, None, 405]


def test_stopping_ends_held_answers_and_waiting_connections_at_once() -> None:
    slack = FakeSlack().start()
    slack.faults.add(Fault("timeout", POST, seconds=60))
    seen: list[BaseException] = []

    def post() -> None:
        try:
            say(slack, seconds=60)
        except TROUBLE as error:
            seen.append(error)

    poster = threading.Thread(target=post)
    poster.start()
    while not slack.messages:
        time.sleep(0.001)
    started = time.monotonic()
    slack.stop()
    poster.join(5)
    assert time.monotonic() - started < 1
    assert isinstance(seen[0], http.client.RemoteDisconnected)


def test_a_stopped_server_refuses_and_comes_back_on_its_port(slack: FakeSlack) -> None:
    address = slack.base_url
    say(slack, "before")
    slack.stop()
    with pytest.raises(urllib.error.URLError, match="Connection refused"):
        say(slack)
    slack.start()
    assert slack.base_url == address
    say(slack, "after")
    assert [message.text for message in slack.messages] == ["before", "after"]


def test_the_log_keeps_requests_but_no_token(slack: FakeSlack) -> None:
    url = f"{slack.base_url}auth.test?x=1&x=2&y="
    headers = {"Authorization": f"Bearer {slack.bot_token}", "X-Mark": "m"}
    requests.post(url, json={"a": 1}, headers=headers, timeout=5)
    (request,) = slack.requests_to("/api/auth.*")
    assert (request.method, request.path) == ("POST", "/api/auth.test")
    assert (request.params("x"), request.params("y")) == (["1", "2"], [""])
    assert (request.json(), request.headers["x-mark"]) == ({"a": 1}, "m")
    assert (request.authorization, request.status, request.fault) == ("expected", 200, None)
    assert "authorization" not in request.headers


class Faulty(FakeServer):
    """A fake with a bug of its own."""

    @property
    def expected_token(self) -> str:
        return "x"

    def reply_to(self, request: Request, token: str | None) -> Reply:
        raise KeyError(f"a bug at {request.path} with {token}")


def test_a_bug_in_a_fake_is_never_taken_for_a_fault() -> None:
    server = Faulty().start()
    assert requests.get(server.url, timeout=5).status_code == 500
    with pytest.raises(
        RuntimeError, match=r"the fake itself failed(.|\n)*KeyError: 'a bug at / with None'"
    ):
        server.stop()
