"""A ledger shows daily sums by subject, and how certain each day is."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from bot.spend.calendar import DayState, Span
from bot.spend.currency import USD
from bot.spend.globs import Globs
from bot.spend.ledger import DailyTable, Ids, Ledger, trailing
from bot.spend.metrics import FORMULAS, Additive, Metric
from tests.build import NOW, TODAY, YESTERDAY, DictReader, ledger, on, spend, used

BILL = (
    spend({"11-18": 1, "11-19": 2}, project="a", model="gpt-5"),
    spend({"11-19": 4}, project="a", model="o3"),
    spend({"11-19": 8}, project="b", model="gpt-5"),
    spend({"11-19": -16}, project=None, model=None),
)
DOLLAR = 10**9
THURSDAY = Span(on("11-19"), on("11-20"))


def thursday(book: Ledger, *per: str) -> dict[Ids, int]:
    totals = book.sums(Additive.COST, per).totals(THURSDAY)
    return {ids: total // DOLLAR for ids, total in totals.items()}


def test_sums_are_by_day_and_subject() -> None:
    book = ledger(*BILL, days=3)
    table = book.sums(Additive.COST, ("project",))
    assert table.ids == (("a",), ("b",), (None,))
    assert (table.values // DOLLAR).tolist() == [[1, 0, 0], [6, 8, -16], [0, 0, 0]]
    assert (table.column(("a",)) // DOLLAR).tolist() == [1, 6, 0]
    assert table.column(("unheard of",)).tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ("per", "sums"),
    [
        (("organization",), {(None,): -2}),
        (("model",), {("gpt-5",): 10, ("o3",): 4, (None,): -16}),
        (
            ("model", "project"),
            {("gpt-5", "a"): 2, ("o3", "a"): 4, ("gpt-5", "b"): 8, (None, None): -16},
        ),
    ],
)
def test_every_breakdown_adds_up_the_same_money(per: tuple[str, ...], sums: dict[Ids, int]) -> None:
    assert thursday(ledger(*BILL), *per) == sums


@pytest.mark.parametrize(
    ("start", "end", "total"),
    [
        ("11-18", "11-20", 7),
        ("11-01", "12-01", 7),
        ("11-17", "11-20", 7),
        ("01-01", "2027-01-01", 7),
        ("11-18", "11-19", 1),
        ("01-01", "02-01", 0),
        ("11-21", "12-01", 0),
    ],
)
def test_a_total_covers_the_part_of_the_span_that_is_known(
    start: str, end: str, total: int
) -> None:
    totals = (
        ledger(*BILL, days=3).sums(Additive.COST, ("project",)).totals(Span(on(start), on(end)))
    )
    assert totals["a",] == total * DOLLAR


@pytest.mark.parametrize(
    ("per", "match", "sums"),
    [
        (("project",), {"model": ("gpt-5",)}, {("a",): 2, ("b",): 8}),
        (("project",), {"model": ("gpt-5", "o3")}, {("a",): 6, ("b",): 8}),
        (("organization",), {"model": ("gpt-5",)}, {(None,): 10}),
        (("organization",), {"project": ("a",), "model": ("o3",)}, {(None,): 4}),
        (("model",), {"model": ("o3",)}, {("o3",): 4}),
        (("project", "model"), {"project": ("b",)}, {("b", "gpt-5"): 8}),
        (("project",), {"model": ("other (no model)",)}, {(None,): -16}),
        (("project",), {"model": ("nobody",)}, {}),
        (("project",), {"project": ("!a",), "model": ("gpt*",)}, {("b",): 8}),
    ],
)
def test_only_what_fits_the_globs_is_added_up(
    per: tuple[str, ...], match: dict[str, Globs], sums: dict[Ids, int]
) -> None:
    table = ledger(*BILL).selected(Additive.COST, per, tuple(match.items()))
    totals = table.totals(THURSDAY)
    assert {ids: total // DOLLAR for ids, total in totals.items()} == sums


def test_the_same_sums_are_read_once() -> None:
    book = ledger(*BILL)
    for _ in range(2):
        book.sums(Additive.COST, ("project",))
        book.selected(Additive.COST, ("project",), (("model", ("*",)),))
    assert isinstance(book.reader, DictReader)
    assert book.reader.asked == [
        (Additive.COST, ("project",)),
        (Additive.COST, ("project", "model")),
    ]


def test_money_and_volume_are_apart() -> None:
    book = ledger(BILL[0], used(Additive.REQUESTS, {"11-19": 12}, project="z"))
    assert book.sums(Additive.REQUESTS, ("project",)).totals(THURSDAY) == {("z",): 12}
    assert thursday(book, "project") == {("a",): 2}


@pytest.mark.parametrize(
    ("metric", "cost", "usage", "state"),
    [
        (Metric.COST, DayState.SETTLED, DayState.MISSING, DayState.SETTLED),
        (Metric.TOKENS, DayState.MISSING, DayState.SETTLED, DayState.SETTLED),
        (Metric.COST_PER_REQUEST, DayState.SETTLED, DayState.SETTLING, DayState.SETTLING),
        (Metric.COST_PER_REQUEST, DayState.OPEN, DayState.SETTLING, DayState.OPEN),
        (Metric.COST_PER_REQUEST, DayState.OPEN, DayState.MISSING, DayState.MISSING),
    ],
)
def test_a_metric_is_as_certain_as_the_least_certain_of_its_parts(
    metric: Metric, cost: DayState, usage: DayState, state: DayState
) -> None:
    span = trailing(TODAY, 2)
    book = Ledger(NOW, span, DictReader([]), {YESTERDAY: cost}, {YESTERDAY: usage}, USD)
    assert book.state(YESTERDAY, metric) is state


def test_a_day_before_the_history_is_missing_and_a_day_to_come_is_not() -> None:
    book = ledger(days=3)
    november = Span(on("11-01"), on("12-01"))
    missing = book.days_in_state(november, DayState.MISSING)
    assert (missing[0], missing[-1], len(missing)) == (on("11-01"), on("11-17"), 17)
    assert book.state(TODAY + timedelta(days=1)) is DayState.MISSING


def test_only_settled_days_are_fit_for_a_baseline() -> None:
    book = ledger(days=5)
    assert book.settled().tolist() == [True, True, False, False, False]
    assert [book.judgeable(day) for day in book.span] == [True, True, True, True, False]


@pytest.mark.parametrize(
    ("dimension", "member", "called"),
    [
        ("project", "proj_a", "Search"),
        ("project", "proj_b", "proj_b"),
        ("project", None, "(no project)"),
        ("model", None, "other (no model)"),
        ("api_key", None, "(no key)"),
        ("line_item", None, "(no line item)"),
        ("organization", None, "the organisation"),
    ],
)
def test_a_member_goes_by_its_name_or_its_id(
    dimension: str, member: str | None, called: str
) -> None:
    book = ledger(names={"project": {"proj_a": "Search", "proj_b": ""}})
    assert book.name(dimension, member) == called


def test_a_trailing_span_ends_with_today() -> None:
    assert list(trailing(TODAY, 2)) == [YESTERDAY, TODAY]


def test_every_metric_has_a_formula() -> None:
    assert set(FORMULAS) == set(Metric)
    ratios = {metric.value for metric, formula in FORMULAS.items() if formula.is_ratio}
    assert ratios == {
        "cached_share",
        "output_ratio",
        "cost_per_request",
        "cost_per_million_tokens",
    }
    assert [part for part in Additive if not part.is_usage] == [Additive.COST]


class _Tables(DictReader):
    """A reader that finds the rows of a few projects alone."""

    sought = "project"

    def table(
        self,
        quantity: Additive,
        dimensions: tuple[str, ...],
        span: Span,
        members: tuple[str | None, ...] | None = None,
    ) -> DailyTable:
        sums = self.sums(quantity, dimensions, span)
        at = dimensions.index("project") if members else 0
        ids = sorted(each for each in sums if members is None or each[at] in members)
        values = np.array([[sums[each].get(day, 0) for each in ids] for day in span])
        return DailyTable(span, tuple(ids), values.reshape(len(span), len(ids)))


def test_rows_of_a_few_members_that_were_announced_are_looked_up_at_once() -> None:
    bills = [spend({"11-19": n}, project=f"p{n:02}", model="o3") for n in range(1, 41)]
    bills += [spend({"11-18": 5}, project="p07", model="gpt-5")]
    wanted = [(("project", (f"p{n:02}",)),) for n in (3, 7, 9)]
    plain, asked = ledger(*bills, days=3), _Tables(entry for bill in bills for entry in bill)
    book = replace(plain, reader=asked)
    for match in wanted[:2]:
        book.announce(Additive.COST, ("model",), match)
    for match in wanted:
        found = book.selected(Additive.COST, ("model",), match)
        expected = plain.selected(Additive.COST, ("model",), match)
        assert found.ids == expected.ids
        assert found.values.tolist() == expected.values.tolist()
    pairs = ("model", "project")
    assert [dimensions for _, dimensions in asked.asked] == [("project",), pairs, pairs]
