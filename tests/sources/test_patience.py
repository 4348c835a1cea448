"""What is tried again, how often, and after how long a wait."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from bot.sources.api_errors import TransientError
from bot.sources.http import ApiClient
from bot.sources.patience import Patience, retry_after
from tests.fakes import FakeOpenAI, Fault
from tests.sources.asking import COSTS, IMPATIENT, LAST_DAYS, FakeTime, failing
from tests.sources.live import KEY, NOW


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
    assert client.get(COSTS, LAST_DAYS).body
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
        (Fault("drip"), "costs: no complete answer in 0.8 s (tried 3 times)"),
    ],
    ids=lambda value: value.kind if isinstance(value, Fault) else "",
)
def test_patience_ends(server: FakeOpenAI, client: ApiClient, fault: Fault, wrong: str) -> None:
    server.faults.add(replace(fault, times=None))
    assert failing(client, TransientError) == wrong
    assert len(server.requests) == 3


def test_a_drip_of_headers_ends_at_the_deadline(server: FakeOpenAI, passing: FakeTime) -> None:
    server.faults.add(Fault("drip", seconds=0.03, times=None))
    once = replace(IMPATIENT, attempts=1, read=10)
    client = ApiClient(KEY, server.base_url, patience=once, clock=passing.clock)
    begun = time.monotonic()
    assert failing(client, TransientError) == "costs: no complete answer in 0.8 s"
    assert time.monotonic() - begun < 1


def test_waits_double_up_to_the_longest(server: FakeOpenAI, passing: FakeTime) -> None:
    server.faults.add(Fault("status", times=None))
    patience = replace(IMPATIENT, attempts=6, max_wait=5)
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
        client.get(COSTS, LAST_DAYS)
    assert passing.slept == waits


def test_a_date_without_a_zone_is_utc() -> None:
    assert retry_after("Fri, 20 Nov 2026 09:30:09 -0000", NOW) == 9.0
