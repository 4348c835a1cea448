"""The client against real sockets: what is refused, and what never leaves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bot.errors import ConfigError
from bot.sources.api_errors import AccessError, TooLargeError, TransientError
from bot.sources.body import whole
from bot.sources.http import ApiClient
from tests.fakes import FakeOpenAI, Fault
from tests.sources.asking import COSTS, IMPATIENT, LAST_DAYS, FakeTime, failing
from tests.sources.live import KEY, NOW


def test_a_sound_answer_is_its_body_and_request_id(server: FakeOpenAI, client: ApiClient) -> None:
    answer = client.get(COSTS, (*LAST_DAYS, ("group_by", "project_id"), ("group_by", "line_item")))
    assert whole(answer.body).startswith(b'{"object": "page"')
    assert (answer.request_id or "").startswith("req_")
    (request,) = server.requests
    assert request.method == "GET"
    assert request.params("group_by") == ["project_id", "line_item"]
    assert request.authorization == "expected"
    assert request.headers["user-agent"] == "openai-budget-bot"


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
    patient = replace(IMPATIENT, read=5, deadline=10)
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
        ApiClient(key, server.base_url).get(COSTS, LAST_DAYS)
    assert wrong in str(caught.value)
    assert len(server.requests) == (1 if key else 0)


def test_a_missing_scope_is_named(server: FakeOpenAI, client: ApiClient) -> None:
    server.missing_scopes.add("api.usage.read")
    with pytest.raises(AccessError, match=r"the admin key lacks api\.usage\.read") as caught:
        client.get(COSTS, LAST_DAYS)
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
        client.get(COSTS, LAST_DAYS)
        assert proxy.requests == []
    assert [request.authorization for request in server.requests] == ["expected"]


def test_a_proxy_is_not_used_in_the_clear(server: FakeOpenAI) -> None:
    with FakeOpenAI(now=NOW) as proxy:
        ApiClient(KEY, server.base_url, proxy=proxy.url).get(COSTS, LAST_DAYS)
        assert proxy.requests == []


def test_a_proxy_for_https_sees_no_key() -> None:
    with FakeOpenAI(now=NOW) as proxy:
        patience = replace(IMPATIENT, attempts=1)
        client = ApiClient(KEY, "https://api.openai.example/v1", proxy=proxy.url, patience=patience)
        message = failing(client, TransientError)
        assert message == "costs: the proxy cannot be reached, or refuses us"
        assert [(r.method, r.authorization) for r in proxy.requests] == [("CONNECT", "missing")]


def test_no_cookie_is_kept(server: FakeOpenAI, client: ApiClient) -> None:
    server.faults.add(Fault("status", headers={"Set-Cookie": "tracker=1; Path=/"}))
    client.get(COSTS, LAST_DAYS)
    assert "cookie" not in server.requests[-1].headers


def test_a_closed_port_is_named_and_tried_again(passing: FakeTime) -> None:
    with FakeOpenAI(now=NOW) as gone:
        base_url = gone.base_url
    client = ApiClient(KEY, base_url, patience=IMPATIENT, clock=passing.clock)
    assert failing(client, TransientError) == "costs: the connection was refused (tried 3 times)"


@pytest.mark.parametrize("key", ["sk-admin-a\nb", "sk-admin-ü", "sk admin"])
def test_a_key_no_header_can_hold_is_refused_without_being_shown(key: str) -> None:
    with pytest.raises(ConfigError, match="a blank, a line break or another") as caught:
        ApiClient(key)
    assert key not in str(caught.value)


def test_white_space_around_a_key_is_not_part_of_it(server: FakeOpenAI) -> None:
    assert ApiClient(f" {KEY}\n", server.base_url).get(COSTS, LAST_DAYS)


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
