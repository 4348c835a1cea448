"""The client against real sockets: what is retried, what is refused, and what never leaves."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.errors import ConfigError, SourceError
from bot.sources.api_errors import AccessError, ApiError, TooLargeError, TransientError
from bot.sources.http import ApiClient
from bot.sources.paging import Params
from bot.sources.patience import Clock, Patience, retry_after
from tests.fakes import FakeOpenAI, Fault
from tests.sources.build import at

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
KEY = "sk-admin-canary-5f2b"
COSTS = "/organization/costs"
DAYS: Params = (
    ("start_time", str(at(NOW.date() - timedelta(days=3)))),
    ("end_time", str(at(NOW.date()))),
)
HURRY = Patience(attempts=3, first_wait=1, max_wait=8, connect=1, read=0.1, deadline=0.2, budget=30)


class FakeTime:
    """A clock that only moves when somebody sleeps."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    @property
    def clock(self) -> Clock:
        def elapsed() -> float:
            return sum(self.slept)

        return Clock(self.sleep, elapsed, lambda: NOW, lambda: 1.0)


@pytest.fixture
def server() -> Iterator[FakeOpenAI]:
    with FakeOpenAI(now=NOW, admin_key=KEY) as running:
        yield running


@pytest.fixture
def passing() -> FakeTime:
    return FakeTime()


@pytest.fixture
def client(server: FakeOpenAI, passing: FakeTime) -> Iterator[ApiClient]:
    made = ApiClient(KEY, server.base_url, patience=HURRY, clock=passing.clock)
    yield made
    made.close()


def failing(client: ApiClient, kind: type[SourceError] = ApiError) -> str:
    with pytest.raises(kind) as caught:
        client.get(COSTS, DAYS)
    assert type(caught.value) is kind
    assert KEY not in str(caught.value)
    assert "start_time" not in str(caught.value)
    return str(caught.value)


def test_a_sound_answer_is_its_body_and_request_id(server: FakeOpenAI, client: ApiClient) -> None:
    answer = client.get(COSTS, (*DAYS, ("group_by", "project_id"), ("group_by", "line_item")))
    assert answer.body.startswith(b'{"object": "page"')
    assert (answer.request_id or "").startswith("req_")
    (request,) = server.requests
    assert request.method == "GET"
    assert request.params("group_by") == ["project_id", "line_item"]
    assert request.authorization == "expected"
    assert request.headers["user-agent"] == "openai-budget-bot"


@pytest.mark.parametrize(
    "fault",
    [
        Fault("drop_before"),
        Fault("drop_after"),
        Fault("reset"),
        Fault("truncate"),
        Fault("timeout"),
        Fault("drip"),
        Fault("status", status=429),
        Fault("status", status=500),
        Fault("status", status=502),
        Fault("status", status=503),
        Fault("status", status=504, body="<html>bad gateway</html>"),
    ],
    ids=lambda fault: f"{fault.kind}-{fault.status or ''}",
)
def test_a_passing_failure_is_tried_again(
    server: FakeOpenAI, client: ApiClient, passing: FakeTime, fault: Fault
) -> None:
    server.faults.add(fault)
    assert client.get(COSTS, DAYS).body
    assert len(server.requests) == 2
    assert passing.slept == [1.0]


@pytest.mark.parametrize(
    ("fault", "wrong"),
    [
        (
            Fault("drop_before"),
            "costs: the connection was closed without an answer (tried 3 times)",
        ),
        (Fault("reset"), "costs: the connection was reset (tried 3 times)"),
        (Fault("truncate"), "costs: the answer broke off (tried 3 times)"),
        (Fault("timeout"), "costs: the server went silent (tried 3 times)"),
        (Fault("drip"), "costs: no complete answer in 0.2 s (tried 3 times)"),
    ],
    ids=lambda value: value.kind if isinstance(value, Fault) else "",
)
def test_patience_ends(server: FakeOpenAI, client: ApiClient, fault: Fault, wrong: str) -> None:
    server.faults.add(replace(fault, times=None))
    assert failing(client, TransientError) == wrong
    assert len(server.requests) == 3


def test_a_drip_of_headers_ends_at_the_deadline(server: FakeOpenAI, passing: FakeTime) -> None:
    server.faults.add(Fault("drip", seconds=0.03, times=None))
    once = replace(HURRY, attempts=1, read=10)
    client = ApiClient(KEY, server.base_url, patience=once, clock=passing.clock)
    begun = time.monotonic()
    assert failing(client, TransientError) == "costs: no complete answer in 0.2 s"
    assert time.monotonic() - begun < 1


def test_waits_double_up_to_the_longest(server: FakeOpenAI, passing: FakeTime) -> None:
    server.faults.add(Fault("status", times=None))
    patience = replace(HURRY, attempts=6, max_wait=5)
    client = ApiClient(KEY, server.base_url, patience=patience, clock=passing.clock)
    failing(client, TransientError)
    assert passing.slept == [1, 2, 4, 5, 5]


def test_jitter_takes_up_to_half_of_a_wait() -> None:
    assert [Patience().backoff(2, jitter) for jitter in (0, 0.5, 1)] == [1, 1.5, 2]


@pytest.mark.parametrize(
    ("header", "waits"),
    [
        ("7", [7.0]),
        ("Fri, 20 Nov 2026 09:30:09 GMT", [9.0]),
        ("Fri, 20 Nov 2026 09:00:00 GMT", [1.0]),  # past: as if it were not there
        ("0", [1.0]),
        ("soon", [1.0]),
        ("-5", [1.0]),
        ("999999999", [30.0]),  # what is left of the budget
    ],
)
def test_retry_after_is_honoured_within_the_budget(
    server: FakeOpenAI, client: ApiClient, passing: FakeTime, header: str, waits: list[float]
) -> None:
    server.faults.add(Fault("status", status=429, headers={"Retry-After": header}))
    if waits == [30.0]:
        server.faults.add(Fault("status", status=429))
        failing(client, TransientError)
    else:
        client.get(COSTS, DAYS)
    assert passing.slept == waits


def test_a_date_without_a_zone_is_utc() -> None:
    assert retry_after("Fri, 20 Nov 2026 09:30:09 -0000", NOW) == 9.0


@pytest.mark.parametrize(
    ("fault", "wrong"),
    [
        (
            Fault("status", status=400, body='{"error": {"message": "Invalid limit: 366."}}'),
            "400 Bad Request: Invalid limit: 366.",
        ),
        (Fault("status", status=400, body='{"error": "plain words"}'), "400 Bad Request: plain"),
        (Fault("status", status=400, body="[]"), "400 Bad Request"),
        (Fault("status", status=418, body="no json"), "418 I'm a Teapot"),
        (
            Fault("status", status=404, body="{}"),
            "404 Not Found\n  Is source.base_url right?",
        ),
        (
            Fault("html"),
            "a web page came instead of data\n"
            "  A proxy, firewall or captive portal is answering in place of OpenAI.",
        ),
        (
            Fault("wrong_type", content_type="text/csv; header=present"),
            "the answer is `text/csv`, not application/json",
        ),
        (
            Fault("redirect", location="https://evil.example/steal?x=1"),
            "redirected to evil.example (302)\n"
            "  Redirects are not followed: the key goes nowhere else. Is source.base_url right?",
        ),
        (Fault("redirect", location="//[bad"), "redirected (302)"),
        (Fault("status", status=204, body=""), "204 No Content"),
    ],
)
def test_what_will_not_go_better_is_not_tried_again(
    server: FakeOpenAI, client: ApiClient, passing: FakeTime, fault: Fault, wrong: str
) -> None:
    server.faults.add(fault)
    message = failing(client)
    assert wrong in message
    assert message.startswith("costs")
    assert len(server.requests) == 1
    assert passing.slept == []


def test_an_error_names_the_request(server: FakeOpenAI, client: ApiClient) -> None:
    server.faults.add(Fault("status", status=400, headers={"x-request-id": "req_42"}))
    assert failing(client).startswith("costs (request req_42): 400 Bad Request")


def test_a_request_id_that_is_no_id_is_left_out(server: FakeOpenAI, client: ApiClient) -> None:
    server.faults.add(Fault("status", status=400, headers={"x-request-id": "a b<c>"}))
    assert failing(client).startswith("costs: 400 Bad Request")


@pytest.mark.parametrize("kind", ["gzip_bomb", "huge"])
def test_an_answer_that_is_too_large_is_cut_off(server: FakeOpenAI, kind: str) -> None:
    server.faults.add(Fault("gzip_bomb" if kind == "gzip_bomb" else "huge", times=None))
    patient = replace(HURRY, read=5, deadline=10)
    client = ApiClient(KEY, server.base_url, patience=patient, largest=1024 * 1024)
    assert "the answer is larger than 1 MiB" in failing(client, TooLargeError)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("key", "wrong"),
    [
        ("", "costs: there is no admin key\n  Create one under https://platform.openai.com/"),
        ("sk-proj-abc", "this is a project key; costs need an admin key (missing scopes: api.usa"),
        ("sk-admin-other", "OpenAI does not know this admin key: mistyped, revoked or expired"),
    ],
)
def test_a_key_that_is_refused_is_explained(server: FakeOpenAI, key: str, wrong: str) -> None:
    with pytest.raises(AccessError) as caught:
        ApiClient(key, server.base_url).get(COSTS, DAYS)
    assert wrong in str(caught.value)
    assert len(server.requests) == (1 if key else 0)


def test_a_missing_scope_is_named(server: FakeOpenAI, client: ApiClient) -> None:
    server.missing_scopes.add("api.usage.read")
    with pytest.raises(AccessError, match=r"the admin key lacks api\.usage\.read") as caught:
        client.get(COSTS, DAYS)
    assert caught.value.scopes == ("api.usage.read",)


def test_a_web_page_with_403_is_no_judgement_of_the_key(
    server: FakeOpenAI, client: ApiClient
) -> None:
    server.faults.add(Fault("html", status=403))
    assert "a web page refused us (403)" in failing(client, AccessError)


def test_a_server_that_echoes_the_key_does_not_get_it_printed(
    server: FakeOpenAI, client: ApiClient
) -> None:
    server.faults.add(Fault("status", status=400, body=f'{{"error": "no to {KEY}!"}}'))
    assert failing(client).endswith(": 400 Bad Request: no to [key]!")


def test_no_other_host_sees_the_key(server: FakeOpenAI, client: ApiClient) -> None:
    with FakeOpenAI(now=NOW, admin_key=KEY) as other:
        server.faults.add(Fault("redirect", location=f"{other.base_url}{COSTS}"))
        failing(client)
        assert other.requests == []


def test_neither_netrc_nor_proxy_variables_are_read(
    server: FakeOpenAI, client: ApiClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login eve password s3cret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with FakeOpenAI(now=NOW) as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        client.get(COSTS, DAYS)
        assert proxy.requests == []
    assert [request.authorization for request in server.requests] == ["expected"]


def test_a_proxy_is_not_used_in_the_clear(server: FakeOpenAI) -> None:
    with FakeOpenAI(now=NOW) as proxy:
        ApiClient(KEY, server.base_url, proxy=proxy.url).get(COSTS, DAYS)
        assert proxy.requests == []


def test_a_proxy_for_https_sees_no_key() -> None:
    with FakeOpenAI(now=NOW) as proxy:
        patience = replace(HURRY, attempts=1)
        client = ApiClient(KEY, "https://api.openai.example/v1", proxy=proxy.url, patience=patience)
        message = failing(client, TransientError)
        assert message == "costs: the proxy cannot be reached, or refuses us"
        assert [(r.method, r.authorization) for r in proxy.requests] == [("CONNECT", "missing")]


def test_no_cookie_is_kept(server: FakeOpenAI, client: ApiClient) -> None:
    server.faults.add(Fault("status", headers={"Set-Cookie": "tracker=1; Path=/"}))
    client.get(COSTS, DAYS)
    assert "cookie" not in server.requests[-1].headers


def test_a_closed_port_is_named_and_tried_again(passing: FakeTime) -> None:
    with FakeOpenAI(now=NOW) as gone:
        base_url = gone.base_url
    client = ApiClient(KEY, base_url, patience=HURRY, clock=passing.clock)
    assert failing(client, TransientError) == "costs: the connection was refused (tried 3 times)"


@pytest.mark.parametrize("key", ["sk-admin-a\nb", "sk-admin-ü", "sk admin"])
def test_a_key_no_header_can_hold_is_refused_without_being_shown(key: str) -> None:
    with pytest.raises(ConfigError, match="a blank, a line break or another") as caught:
        ApiClient(key)
    assert key not in str(caught.value)


def test_white_space_around_a_key_is_not_part_of_it(server: FakeOpenAI) -> None:
    assert ApiClient(f" {KEY}\n", server.base_url).get(COSTS, DAYS)


@pytest.mark.parametrize(
    "make",
    [
        lambda: ApiClient(KEY, "http://api.openai.com/v1"),
        lambda: ApiClient(KEY, "https://169.254.169.254/v1"),
        lambda: ApiClient(KEY, ca_bundle=Path("/nowhere/ca.pem")),
        lambda: ApiClient(KEY, proxy="proxy"),
    ],
)
def test_a_client_that_cannot_be_safe_is_not_made(make: Callable[[], ApiClient]) -> None:
    with pytest.raises(ConfigError):
        make()


def test_the_key_is_in_no_representation(client: ApiClient) -> None:
    assert KEY not in repr(client)
    assert KEY not in str(vars(client)["_auth"])
