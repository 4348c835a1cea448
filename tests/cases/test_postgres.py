"""The whole way, from the bill to Slack, with the memory on a PostgreSQL server."""

from __future__ import annotations

import json

import pytest

from tests import postgres
from tests.cases.stage import YESTERDAY, Place, at

pytestmark = pytest.mark.postgres


def on_the_server(place: Place, url: str, patch: pytest.MonkeyPatch) -> None:
    patch.setenv("DATABASE_URL", url)
    text = (place.home / "config.yaml").read_text(encoding="utf-8")
    place.write("config.yaml", f"{text}store: {{url: '${{DATABASE_URL}}'}}\n")


@pytest.fixture
def url(place: Place, postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The place remembers on a server."""
    on_the_server(place, postgres_url, monkeypatch)
    return postgres_url


@pytest.mark.usefixtures("url")
def test_a_check_on_a_server_fetches_judges_and_tells_once(place: Place) -> None:
    place.spend("150")
    first = place.document("check", *at(0))
    assert first["data"]["missing_days"] == []
    assert first["data"]["totals"][YESTERDAY.isoformat()] == {"state": "settling", "usd": "120"}
    told = place.keys
    assert len(told) == len(set(told)) == len(first["messages"]) > 0
    assert place.document("check", *at(1))["messages"] == []
    assert place.keys == told
    assert not place.database.exists()


def test_a_digest_on_a_server_keeps_its_charts_until_it_is_told_once(
    place: Place, url: str
) -> None:
    assert len(place.document("digest", *at(0))["messages"]) == 1
    assert place.document("digest", *at(1))["messages"] == []
    (posted,) = place.slack.messages
    assert "image" in [block["type"] for block in posted.blocks or ()]
    assert postgres.dump(url)["public.pictures"] == []


def test_a_dry_run_on_a_server_says_the_same_and_leaves_it_as_it_was(
    place: Place, url: str
) -> None:
    place.bot("check", *at(0))
    before, told = postgres.dump(url), place.keys
    place.spend("150")
    dry = place.document("check", "--dry-run", *at(1))
    assert (postgres.dump(url), place.keys) == (before, told)
    real = place.document("check", *at(1))
    alerts = [m["text"] for m in dry["messages"] if m["type"] == "alert"]
    assert alerts == [m["text"] for m in real["messages"]] != []


def test_status_on_a_server_tells_what_fires_and_changes_nothing(place: Place, url: str) -> None:
    place.spend("150")
    place.bot("check", *at(0))
    before = postgres.dump(url)
    status = json.loads(place.run("status", "--output", "json", *at(0)).out)
    assert status["last_finished_day"] == YESTERDAY.isoformat()
    assert status["missing_days"] == []
    assert [alert["key"] for alert in status["firing"]]
    assert status["outbox"] == []
    assert postgres.dump(url) == before


@pytest.mark.parametrize("scheme", ["postgresql+psycopg", "postgresql", "postgres"])
def test_health_asks_the_server(
    today: Place, postgres_url: str, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    url = f"{scheme}://{postgres_url.partition('://')[2]}"
    on_the_server(today, url, monkeypatch)
    asked = [today.health()]
    today.bot("check")
    assert [*asked, today.health()] == [
        (1, "not healthy: nothing was fetched yet\n"),
        (0, "ok: last fetch 0 min ago\n"),
    ]


@pytest.mark.parametrize("command", ["check", "digest", "status"])
def test_a_server_that_does_not_answer_is_exit_3_with_a_way_out(
    place: Place, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    on_the_server(place, "postgresql+psycopg://bot:hunter2@127.0.0.1:1/budget", monkeypatch)
    ran = place.run(command)
    assert ran.code == 3
    assert "postgresql+psycopg://bot:***@127.0.0.1:1/budget: connection failed" in ran.err
    assert "is the server running, and are host, user and password right?" in ran.err
    assert "Traceback" not in ran.err
    assert "hunter2" not in ran.err
    assert place.health()[0] == 1
