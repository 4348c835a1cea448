"""The live source within limits of size and time, and stopped early."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from bot.sources.http import ApiClient
from bot.sources.openai import OpenAISource
from bot.sources.paging import Params
from bot.sources.patience import Patience
from bot.spend.rows import CostDay
from tests.fakes import CostRow as Billed
from tests.fakes import FakeOpenAI, Fault
from tests.sources.build import at
from tests.sources.contract import DAYS
from tests.sources.live import Connect, Pages, Scripted, costs_in, failures_in, queries


def test_answers_that_are_too_large_are_asked_for_in_fewer_days(server: FakeOpenAI) -> None:
    client = ApiClient(server.admin_key, server.base_url, largest=150_000)
    items = list(OpenAISource(client).fetch(DAYS))
    assert failures_in(items) == []
    assert list(costs_in(items)) == list(DAYS)
    asked = [query["limit"] for query in queries(server, "costs")]
    assert asked[:2] == [["180"], ["30"]]
    assert len(asked) > 3


def test_what_came_before_an_answer_that_is_too_large_is_not_asked_for_again(
    server: FakeOpenAI,
) -> None:
    busy = (date(2026, 11, 9), date(2026, 11, 10))
    server.costs = [Billed(day, 1, f"proj_{n}") for day in busy for n in range(300)]
    client = ApiClient(server.admin_key, server.base_url, largest=100_000)
    items = list(OpenAISource(Pages(server, 4, client), fetch_names=False).fetch(DAYS))
    assert failures_in(items) == []
    assert sorted(costs_in(items)) == list(DAYS)
    starts = {int(query["start_time"][0]) for query in queries(server, "costs")}
    # Pages of four days: the third, with the busy days, is too large; the 8th was held back.
    assert starts == {at(DAYS.start), at(date(2026, 11, 8))}


def test_a_day_that_is_too_large_even_alone_is_a_failure(server: FakeOpenAI) -> None:
    busy = date(2026, 11, 6)
    server.costs += [Billed(busy, 1, f"proj_{n}") for n in range(900)]
    client = ApiClient(server.admin_key, server.base_url, largest=150_000)
    items = list(OpenAISource(client).fetch(DAYS))
    (failure,) = failures_in(items)
    assert "the answer is larger than" in failure.message
    assert failure.days.start in {busy, busy - timedelta(days=1)}


def threads() -> list[str]:
    return [t.name for t in threading.enumerate() if t.name.startswith("fetch")]


def test_no_thread_is_left_when_all_is_read(server: FakeOpenAI, connect: Connect) -> None:
    list(connect(server).fetch(DAYS))
    assert threads() == []


@pytest.mark.parametrize("after", [1, 5, 40])
def test_closing_early_stops_every_thread(server: FakeOpenAI, connect: Connect, after: int) -> None:
    items = connect(server).fetch(DAYS)
    for _ in range(after):
        next(items)
    assert isinstance(items, Iterator)
    items.close()  # type: ignore[attr-defined] # an iterator here is a generator
    assert threads() == []


def test_an_interrupt_does_not_wait_for_a_server_that_hangs(server: FakeOpenAI) -> None:
    server.faults.add(Fault("timeout", path="*/usage/*", times=None, seconds=30))
    patient = Patience(read=30)
    source = OpenAISource(ApiClient(server.admin_key, server.base_url, patience=patient))
    begun = time.monotonic()

    def interrupted() -> None:
        for item in source.fetch(DAYS):
            if isinstance(item, CostDay) and item.day == date(2026, 11, 20):
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert time.monotonic() - begun < 2
    assert threads() == []


def test_an_interrupt_wakes_those_who_wait_to_try_again(server: FakeOpenAI) -> None:
    server.faults.add(Fault("status", path="*/usage/*", times=None))
    patient = Patience(first_wait=20)
    source = OpenAISource(ApiClient(server.admin_key, server.base_url, patience=patient))
    begun = time.monotonic()
    items = source.fetch(DAYS)
    next(items)
    while not server.requests_to("*/usage/*"):
        time.sleep(0.005)
    items.close()  # type: ignore[attr-defined] # an iterator here is a generator
    assert time.monotonic() - begun < 2
    assert threads() == []


def test_a_bug_in_a_thread_reaches_the_caller() -> None:
    def buggy(_path: str, _params: Params) -> bytes:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        list(OpenAISource(Scripted(buggy)).fetch(DAYS))
    assert threads() == []
