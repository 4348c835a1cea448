"""What the live source tells when the bill cannot be read."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from typing import Any

import pytest

from bot.sources.openai import OpenAISource
from bot.spend.calendar import Span
from bot.spend.rows import UsageDay
from tests.fakes import CostRow as Billed
from tests.fakes import FakeOpenAI, Fault
from tests.fakes.openai_rows import dumps
from tests.sources.build import bucket, envelope
from tests.sources.contract import DAYS
from tests.sources.live import NOW, Connect, Pages, Scripted, costs_in, failures_in


@pytest.mark.parametrize(
    ("breach", "wrong"),
    [
        ("missing_data", "page 2 (request req_…): `data` is missing"),
        ("missing_has_more", "page 2 (request req_…): `has_more` is missing"),
        ("null_cursor", "page 2 (request req_…): `has_more` is true, but `next_page` is missing"),
        ("repeat_cursor", "page 2 (request req_…): the cursor of the next page repeats"),
        ("endless", "page 3 (request req_…): the bucket of 2026-11-11 comes after that of 2026"),
    ],
)
def test_a_breach_on_a_page_fails_its_days_and_the_one_held_back(
    server: FakeOpenAI, breach: Any, wrong: str
) -> None:
    server.break_page(2, breach)
    items = list(OpenAISource(Pages(server, 10)).fetch(DAYS))
    failed = {failure.part: failure for failure in failures_in(items)}
    assert len(failed) == 11
    begins, _, ends = wrong.partition("…")
    assert failed["costs"].message.startswith(f"costs, {begins}")
    assert ends in failed["costs"].message
    lost = Span(date(2026, 11, 20 if breach == "endless" else 10), DAYS.end)
    assert failed["costs"].days == lost
    assert list(costs_in(items)) == list(Span(DAYS.start, lost.start))


def test_a_day_that_cannot_be_read_is_the_only_one_lost(
    server: FakeOpenAI, connect: Connect
) -> None:
    bad = date(2026, 11, 5)
    server.costs.append(Billed(bad, 5, "proj_x", currency="eur"))
    items = list(connect(server).fetch(DAYS))
    (failure,) = failures_in(items)
    assert failure.days == Span(bad, bad + timedelta(days=1))
    assert failure.message == "costs of 2026-11-05 are in EUR and USD at once"
    assert (failure.part, failure.optional) == ("costs", False)
    assert set(costs_in(items)) == set(DAYS) - {bad}


def test_an_answer_to_another_question_is_refused() -> None:
    old = dumps(envelope(bucket(date(2020, 1, 1))))
    items = list(OpenAISource(Scripted(lambda _path, _params: old)).fetch(DAYS))
    bill = [failure for failure in failures_in(items) if failure.part != "names"]
    assert Counter(failure.days for failure in bill) == {DAYS: 11}
    assert bill[0].message == (
        "costs, page 1: a bucket of 2020-01-01 came, but 2026-11-01 to 2026-11-20 was asked for"
    )


@pytest.mark.parametrize("kind", ["drop_before", "reset", "truncate", "timeout", "drip"])
def test_one_bad_connection_loses_nothing(server: FakeOpenAI, connect: Connect, kind: Any) -> None:
    server.faults.add(Fault(kind, path="*/costs"), Fault(kind, path="*/usage/completions"))
    items = list(connect(server).fetch(DAYS))
    assert failures_in(items) == []
    assert set(costs_in(items)) == set(DAYS)


@pytest.mark.parametrize(
    "fault",
    [
        Fault("status", path="*/costs", times=None),
        Fault("html", path="*/costs", times=None),
        Fault("redirect", path="*/costs", times=None),
        Fault("timeout", path="*/costs", times=None),
    ],
    ids=lambda fault: fault.kind,
)
def test_costs_that_cannot_be_read_are_a_failure_and_usage_still_comes(
    server: FakeOpenAI, connect: Connect, fault: Fault
) -> None:
    server.faults.add(fault)
    items = list(connect(server).fetch(DAYS))
    (failure,) = failures_in(items)
    assert (failure.part, failure.days, failure.optional) == ("costs", DAYS, False)
    assert sum(isinstance(item, UsageDay) for item in items) == 10 * len(DAYS)


def test_one_usage_kind_that_fails_is_optional(server: FakeOpenAI, connect: Connect) -> None:
    server.faults.add(Fault("status", path="*/usage/images", status=404, times=None))
    (failure,) = failures_in(list(connect(server).fetch(DAYS)))
    assert (failure.part, failure.days, failure.optional) == ("usage/images", DAYS, True)


@pytest.mark.parametrize("status", [401, 403])
def test_a_project_key_is_told_once_and_nothing_else_is_tried(
    server: FakeOpenAI, connect: Connect, status: int
) -> None:
    server.project_key_status = status
    items = list(connect(server, key="sk-proj-abc").fetch(DAYS))
    costs, usage = failures_in(items)
    assert len(items) == 2
    assert (costs.part, costs.days, costs.optional) == ("costs", DAYS, False)
    assert "this is a project key; costs need an admin key" in costs.message
    assert costs.hint == (
        "Create one under https://platform.openai.com/settings/organization/admin-keys"
        " and set OPENAI_ADMIN_KEY."
    )
    assert (usage.part, usage.days, usage.optional) == ("usage", DAYS, True)
    assert usage.message.startswith("usage was not asked for: costs (request req_")
    assert len(server.requests) == 1


def test_a_key_refused_for_old_days_names_all_days_once(connect: Connect) -> None:
    with FakeOpenAI(now=NOW) as server:
        days = Span(date(2025, 12, 1), date(2025, 12, 31))
        items = failures_in(list(connect(server, key="sk-proj-abc").fetch(days)))
        assert [(failure.part, failure.days) for failure in items] == [
            ("costs", days),
            ("usage", days),
        ]
        assert len(server.requests) == 1
