"""`/metrics` and `/healthz`, over a socket."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.errors import StoreError
from bot.store.database import open_lasting
from bot.store.light import open_light
from bot.store.tallies import beat, count
from bot.worker.metrics import metrics
from bot.worker.plan import Plan, read_plan
from bot.worker.server import Listener
from tests.build import NOW
from tests.worker.simulated import Memory, timetable, told_plan


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    url = f"sqlite:///{tmp_path}/bot.db"
    open_lasting(url).close()
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    return replace(read_plan(told_plan(timetable())), store_url=url, listen=f"127.0.0.1:{port}")


@pytest.fixture
def listener(plan: Plan) -> Iterator[Listener]:
    found = Listener()
    found.listen(plan)
    yield found
    found.close()


def asked(plan: Plan, request: str) -> tuple[int, str]:
    host, _, port = plan.listen.partition(":")
    with socket.create_connection((host, int(port)), timeout=5) as client:
        client.sendall(request.encode() + b"\r\n\r\n")
        answer = b"".join(iter(lambda: client.recv(65536), b""))
    head, _, body = answer.decode().partition("\r\n\r\n")
    return int(head.split()[1]), body


@pytest.mark.usefixtures("listener")
def test_healthz_is_200_or_503_with_the_verdict(plan: Plan) -> None:
    status, body = asked(plan, "GET /healthz HTTP/1.1")
    assert (status, json.loads(body)["why"]) == (503, "nothing was fetched yet")
    open_light(plan.store_url).change(beat("fetched", datetime.now(UTC)))
    status, body = asked(plan, "GET /healthz?x=1 HTTP/1.1")
    assert (status, json.loads(body)["healthy"]) == (200, True)


@pytest.mark.usefixtures("listener")
def test_odd_requests_get_an_answer_and_the_next_one_too(plan: Plan) -> None:
    assert asked(plan, "GET / HTTP/1.1")[0] == 404
    assert asked(plan, "POST /metrics HTTP/1.1")[0] == 405
    assert asked(plan, "\x00\xff")[0] == 405
    assert asked(plan, "HEAD /metrics HTTP/1.1") == (200, "")
    assert asked(plan, "GET /metrics HTTP/1.1")[1].startswith("# HELP budget_bot_")


def test_a_listener_follows_its_plan(plan: Plan, listener: Listener) -> None:
    listener.listen(replace(plan, listen=""))
    with pytest.raises(ConnectionRefusedError):
        asked(plan, "GET /healthz HTTP/1.1")


def test_the_metrics_tell_what_the_database_knows() -> None:
    memory = Memory()
    memory.change(
        beat("fetched", NOW),
        beat("missing", NOW, "2"),
        beat("ticked/vm", NOW, "{}"),
        beat("ran/digest/daily", NOW),
        count("runs/check/ok", 3),
        count("runs/digest/daily/source"),
        count("skipped/digest/daily", 5),
        *[
            (
                "INSERT INTO cost_sums (dimension, day, member, nanos) VALUES (?, ?, 0, ?)",
                ("organization", NOW.date().toordinal() - back, dollars * 10**9),
            )
            for back, dollars in ((0, 30), (1, 120), (2, 99))
        ],
    )
    lines = metrics(memory, timetable(), NOW).splitlines()
    samples = [line.removeprefix("budget_bot_") for line in lines if not line.startswith("#")]
    at = "1795165200.0"
    assert samples == [
        f'last_success_timestamp_seconds{{job="fetch"}} {at}',
        f'last_success_timestamp_seconds{{job="digest/daily"}} {at}',
        f'last_tick_timestamp_seconds{{host="vm"}} {at}',
        'next_run_timestamp_seconds{schedule="check"} 1795168800.0',
        'next_run_timestamp_seconds{schedule="digest/daily"} 1795251600.0',
        'next_run_timestamp_seconds{schedule="digest/weekly"} 1795424400.0',
        'next_run_timestamp_seconds{schedule="digest/monthly"} 1796115600.0',
        'runs_total{job="check",result="ok"} 3',
        'runs_total{job="digest/daily",result="source"} 1',
        'skipped_total{schedule="digest/daily"} 5',
        'alerts_firing{severity="info"} 0',
        'alerts_firing{severity="warning"} 0',
        'alerts_firing{severity="critical"} 0',
        "missing_days 2.0",
        'spend_dollars{day="yesterday"} 120.0',
        'spend_dollars{day="today"} 30.0',
    ]
    assert all(re.fullmatch(r"# (HELP|TYPE) \w+ .+|\w+(\{.*\})? [\d.]+", line) for line in lines)


def test_spend_in_another_currency_is_no_spend_in_dollars() -> None:
    memory = Memory()
    memory.change(
        ("INSERT INTO meta (name, value) VALUES ('currency', 'JPY')", ()),
        (
            "INSERT INTO cost_sums (dimension, day, member, nanos) VALUES (?, ?, 0, ?)",
            ("organization", NOW.date().toordinal(), 4_500 * 10**9),
        ),
    )
    text = metrics(memory, timetable(), NOW)
    assert 'budget_bot_spend{day="today",currency="JPY"} 4500.0\n' in text
    assert "dollars" not in text


def test_no_spend_is_told_while_the_first_reading_decides_what_it_is_in() -> None:
    memory = Memory()
    today = NOW.date().toordinal()
    memory.change(
        ("INSERT INTO cost_sums VALUES ('organization', ?, 0, 7)", (today,)),
        ("INSERT INTO days (dataset, day, currency) VALUES ('costs', ?, 'EUR')", (today,)),
    )
    assert "spend_dollars{" not in metrics(memory, timetable(), NOW)


def test_a_database_that_is_gone_is_told(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no database"):
        metrics(open_light(f"sqlite:///{tmp_path}/no.db"), timetable(), NOW)
