"""Settings that make no sense are refused with what would; every default is written here."""

from __future__ import annotations

from datetime import date, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from bot.config.settings import DigestTime, Settings
from bot.config.written import SECRETS, absolute_store_url
from bot.spend.calendar import ONE_DAY, DayState, midnight
from bot.spend.ledger import trailing
from tests.build import on


def settings(**sections: Any) -> Settings:
    return Settings.model_validate(sections)


def refusal(**sections: Any) -> str:
    with pytest.raises(ValidationError) as refused:
        settings(**sections)
    return str(refused.value)


def test_nothing_written_is_the_sample_every_hour_and_a_digest_at_nine() -> None:
    plain = settings()
    assert (plain.source.kind, plain.source.history_days, plain.source.refetch_days) == (
        "sample",
        90,
        4,
    )
    assert plain.source.settling.grace == timedelta(hours=6)
    assert plain.source.settling.settle == timedelta(days=2)
    assert plain.source.break_down_by == ("project", "line_item", "api_key")
    assert (plain.slack.channel, plain.slack.routes) == ("#llm-costs", ())
    assert (plain.schedule.check_every, plain.schedule.catch_up) == (
        timedelta(hours=1),
        timedelta(hours=24),
    )
    assert plain.schedule.zone.key == "Europe/Berlin"
    digest = plain.schedule.digest
    assert (digest.daily, digest.weekly, digest.monthly) == (
        DigestTime(at=time(9)),
        DigestTime(at=time(9), weekday=0),
        DigestTime(at=time(9), of_month=1),
    )


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ({"kind": "recording"}, "`kind: recording` needs `path`, the folder of the recording"),
        ({"kind": "ftp"}, "'sample', 'recording' or 'openai'"),
        ({"history_days": 3}, "`refetch_days` cannot be more than `history_days`"),
        ({"refetch_days": 0}, "greater than or equal to 1"),
        ({"history_days": 4000}, "less than or equal to 3660"),
        ({"grace_hours": -1}, "greater than or equal to 0"),
        ({"settle_days": 31}, "less than or equal to 30"),
        ({"break_down_by": ["user"]}, "'project', 'line_item' or 'api_key'"),
        ({"hsitory_days": 90}, "Extra inputs are not permitted"),
    ],
)
def test_a_source_that_makes_no_sense_is_refused(source: dict[str, Any], said: str) -> None:
    assert said in refusal(source=source)


@given(st.integers(0, 30))
def test_every_day_settles_within_the_smallest_window_allowed(settle_days: int) -> None:
    source = settings(source={"settle_days": settle_days, "refetch_days": settle_days + 2}).source
    day = on("11-01")
    fetches = [
        midnight(now)
        for now in (day + n * ONE_DAY for n in range(60))
        if day in trailing(now, source.refetch_days)
    ]
    last = fetches[-1]
    assert source.settling.state(day, last, False, last) is DayState.SETTLED


@pytest.mark.parametrize(
    ("schedule", "said"),
    [
        ({"timezone": "Mars/Olympus"}, "is not a time zone; write one such as Europe/Berlin"),
        ({"timezone": ""}, "is not a time zone"),
        ({"timezone": "Europe"}, "is not a time zone"),
        ({"timezone": "../../etc/passwd"}, "is not a time zone"),
        ({"check_every": "0s"}, "cannot be less than a minute: 1m"),
        ({"check_every": "59s"}, "cannot be less than a minute: 1m"),
        ({"check_every": 3600}, "a length of time is a number with a unit"),
        ({"digest": {"daily": "9:00"}}, 'a time of day is written "09:00"'),
        ({"digest": {"daily": "24:00"}}, 'a time of day is written "09:00"'),
        ({"digest": {"daily": "09:00 "}}, 'a time of day is written "09:00"'),
        ({"digest": {"weekly": "09:00"}}, 'a weekly time is written "monday 09:00"'),
        ({"digest": {"weekly": "mon 09:00"}}, 'a weekly time is written "monday 09:00"'),
        ({"digest": {"weekly": "monday"}}, 'a time of day is written "09:00"'),
        ({"digest": {"monthly": "0 09:00"}}, "on a day from 1 to 28"),
        ({"digest": {"monthly": "29 09:00"}}, "on a day from 1 to 28"),
        ({"digest": {"monthly": "² 09:00"}}, "on a day from 1 to 28"),
        ({"digest": {"monthly": "09:00"}}, "on a day from 1 to 28"),
        ({"digest": {"yearly": "09:00"}}, "Extra inputs are not permitted"),
    ],
)
def test_a_schedule_that_makes_no_sense_is_refused(schedule: dict[str, Any], said: str) -> None:
    assert said in refusal(schedule=schedule)


@pytest.mark.parametrize(
    ("written", "at", "weekday", "of_month"),
    [
        ({"daily": "07:30"}, time(7, 30), None, None),
        ({"weekly": "Sunday 23:59"}, time(23, 59), 6, None),
        ({"weekly": "friday  00:00"}, time(0), 4, None),
        ({"monthly": "28 09:05"}, time(9, 5), None, 28),
    ],
)
def test_a_digest_has_a_time_and_perhaps_a_day(
    written: dict[str, str], at: time, weekday: int | None, of_month: int | None
) -> None:
    (name,) = written
    found = getattr(settings(schedule={"digest": written}).schedule.digest, name)
    assert (found.at, found.weekday, found.of_month) == (at, weekday, of_month)


def test_a_digest_can_be_switched_off() -> None:
    assert settings(schedule={"digest": {"weekly": None}}).schedule.digest.weekly is None


@pytest.mark.parametrize(
    ("when", "days"),
    [
        (DigestTime(at=time(9)), 30),
        (DigestTime(at=time(9), weekday=0), 5),
        (DigestTime(at=time(9), of_month=28), 1),
    ],
)
def test_the_days_of_a_digest(when: DigestTime, days: int) -> None:
    november = [date(2026, 11, n) for n in range(1, 31)]
    assert sum(when.falls_on(day) for day in november) == days


@pytest.mark.parametrize(
    ("route", "said"),
    [
        ({"match": {"project": "x"}}, "channel"),
        ({"match": {"team": "x"}, "channel": "#c"}, "'project', 'model', 'snapshot'"),
        ({"match": {"project": []}, "channel": "#c"}, "at least 1"),
    ],
)
def test_a_route_that_leads_nowhere_is_refused(route: dict[str, Any], said: str) -> None:
    assert said in refusal(slack={"routes": [route]})


def test_secrets_are_never_shown() -> None:
    canary = "xoxb-canary"
    full = settings(
        source={"admin_key": canary},
        slack={"bot_token": canary, "app_token": canary, "webhook_url": f"https://{canary}"},
        heartbeat_url=f"https://{canary}",
    )
    assert canary not in repr(full)
    assert canary not in str(full.model_dump())
    for path in SECRETS:
        value: Any = full
        for step in path:
            value = getattr(value, step)
        assert isinstance(value, SecretStr)
        assert value.get_secret_value().removeprefix("https://") == canary
    wrong = refusal(
        source={"admin_key": [canary], "kind": canary}, slack={"bot_token": {"a": canary}}
    )
    assert canary not in wrong


@pytest.mark.parametrize(
    ("url", "absolute"),
    [
        ("sqlite:///budget-bot.db", "sqlite:////etc/bot/budget-bot.db"),
        ("sqlite:///data/../b.db?timeout=3", "sqlite:////etc/bot/b.db?timeout=3"),
        ("sqlite+pysqlite:///b.db", "sqlite+pysqlite:////etc/bot/b.db"),
        ("sqlite:////var/b.db", "sqlite:////var/b.db"),
        ("sqlite:///:memory:", "sqlite:///:memory:"),
        ("sqlite:///file:b.db?uri=true", "sqlite:///file:b.db?uri=true"),
        ("sqlite://", "sqlite://"),
        ("postgresql+psycopg:///budget", "postgresql+psycopg:///budget"),
        ("postgresql+psycopg://bot@db/budget", "postgresql+psycopg://bot@db/budget"),
    ],
)
def test_a_database_file_lies_where_the_configuration_does(url: str, absolute: str) -> None:
    assert absolute_store_url(url, Path("/etc/bot")) == absolute


@pytest.mark.parametrize("url", ["http://hc.example/canary", "canary", "ftp://canary", "https:///"])
def test_a_heartbeat_goes_over_https_or_to_this_machine_and_is_not_shown(url: str) -> None:
    wrong = refusal(heartbeat_url=url)
    assert "must be an https:// address (http:// only to this machine)" in wrong
    assert "canary" not in wrong
    for fine in ("", "https://hc.example/x", "http://127.0.0.1:8000/x"):
        assert settings(heartbeat_url=fine).heartbeat_url.get_secret_value() == fine


@pytest.mark.parametrize(
    ("worker", "said"),
    [
        ({"tick": "10m"}, "is 1s at least and 5m at most"),
        ({"run_timeout": "2d"}, "is 1s at least and 1d at most"),
        ({"listen": "9464"}, 'is an address and a port such as "127.0.0.1:9464"'),
        ({"memory_mb": 10}, "greater than or equal to 256"),
    ],
)
def test_limits_of_the_worker_that_make_no_sense_are_refused(
    worker: dict[str, Any], said: str
) -> None:
    assert said in refusal(worker=worker)
