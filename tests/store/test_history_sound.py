"""Whatever becomes of the days one after the other, what is stored of each fits together.

Roll-ups are the sums of the rows, a day's record tells of the rows that are there, numbers of
members are given once: over readings that are believed or not, failures, writes that are undone
half-way, restarts, and two workers that take turns, each with what it remembers of the members.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import example, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from sqlalchemy.engine import Connection

from bot.errors import StoreError
from bot.spend.calendar import ONE_DAY, Span
from bot.spend.doubt import Belief, Doubting, Trusting
from bot.spend.ledger import trailing
from bot.spend.line_item import family, parse
from bot.spend.rows import CostDay, CostRow, UsageDay, UsageKind, UsageRow
from bot.store.billing import Foreign
from bot.store.database import Database, open_forgetful, open_lasting
from bot.store.dayrecord import COSTS, DayRecord
from bot.store.history import History
from bot.store.schema import cost_rows, cost_sums, days, members, usage_rows
from tests import postgres
from tests.build import NOW, TODAY

DAYS = [TODAY - n * ONE_DAY for n in range(3)]
WEEK = trailing(TODAY, 7)
WORKERS = st.integers(0, 1)
PLACES = ("project", "line_item", "api_key", "model")
MOST = 2**63 - 1
TOO_MUCH = 2**62
"""Nano-dollars that a row can hold, and a roll-up not twice: the write is undone half-way."""
AMOUNTS = st.sampled_from((0, 1, 2, 5, TOO_MUCH))


@st.composite
def bills(draw: st.DrawFn) -> CostDay:
    """Few places and amounts, so that days come again, whole or almost, and in another order."""
    day = draw(st.sampled_from(DAYS))
    row = st.builds(
        CostRow,
        day=st.just(day),
        project_id=st.sampled_from((None, "a", "b")),
        line_item=st.sampled_from((None, "a", "gpt-5, input", "gpt-5-2025-08-07, output")),
        api_key_id=st.sampled_from((None, "a")),
        nanos=AMOUNTS,
        quantity=st.sampled_from((None, 1.5, 2.0)),
        quantity_unit=st.sampled_from((None, "tokens")),
    )
    return CostDay(
        day,
        tuple(draw(st.lists(row, max_size=3, unique_by=lambda one: one[1:4]))),
        draw(st.booleans()),
    )


@st.composite
def uses(draw: st.DrawFn) -> UsageDay:
    """Use that names projects and models that the bill may not have named yet."""
    day = draw(st.sampled_from(DAYS))
    kind = draw(st.sampled_from((UsageKind.COMPLETIONS, UsageKind.IMAGES)))
    models = st.lists(st.sampled_from((None, "o3", "a", "gpt-5-2025-08-07")), max_size=3)
    rows = tuple(UsageRow(day, kind, "c", model, None, requests=1) for model in draw(models))
    return UsageDay(day, kind, rows)


ASIDE = ("again", "restart", "look")
STEPS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(("believed", "doubted")), WORKERS, bills()),
        st.tuples(st.just("use"), WORKERS, uses()),
        st.tuples(st.just("failed"), WORKERS, st.sampled_from(DAYS)),
        st.tuples(st.sampled_from(ASIDE), WORKERS, st.none()),
    ),
    min_size=2,
    max_size=10,
)
Step = tuple[str, int, Any]


class Workers:
    """Two of them on one database, and what it has to hold."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._histories = [History(database), History(database)]
        self._now = NOW
        self._bills: dict[date, CostDay] = {}
        self._uses: dict[tuple[UsageKind, date], UsageDay] = {}
        self._known: dict[date, DayRecord] = {}

    def go(self, step: Step) -> None:
        """An hour later: the step, and a look at everything."""
        what, worker, of = step
        self._now += timedelta(hours=1)
        history = self._histories[worker]
        match what:
            case "believed" | "doubted":
                self._take(history, of, Trusting() if what == "believed" else Doubting())
            case "again":
                for bill in self._bills.values():
                    self._take(history, bill, Doubting())
            case "use":
                assert history.take_uses([of], self._now, Trusting()) == []
                self._uses[of.kind, of.day] = of
            case "failed":
                history.mark_failed(COSTS, Span(of, of + ONE_DAY), "no answer", self._now)
                self._failed(of, "no answer")
            case "look":
                history.bill(("project",), tuple(DAYS))
            case "restart":
                self._histories[worker] = History(self._database)
        self._look()

    def _take(self, history: History, bill: CostDay, belief: Belief) -> None:
        try:
            doubt = history.take(bill, self._now, belief)
        except (StoreError, OverflowError):
            assert sum(row.nanos for row in bill.rows) > MOST, "it could not be written"
            return
        assert not isinstance(doubt, Foreign)
        if doubt is None:
            self._bills = {**self._bills, bill.day: bill}
            self._known[bill.day] = DayRecord(bill.day, self._now, bill.whole, False, None)
        else:
            self._failed(bill.day, doubt)

    def _failed(self, day: date, error: str) -> None:
        before = self._known.get(day, DayRecord(day, None, True, True, None))
        self._known[day] = replace(before, failed=True, error=error)

    def _look(self) -> None:
        with self._database.reading() as connection:
            names = _names(connection)
            _is_added_up(connection)
            _is_counted(connection)
            assert _money(connection, names) == _billed(self._bills.values())
            assert _volume(connection, names) == _used(self._uses.values())
        assert self._histories[0].day_records(COSTS, WEEK) == self._known


def _names(connection: Connection) -> dict[int, tuple[str, str]]:
    rows = connection.execute(sa.select(members.c.id, members.c.dimension, members.c.value)).all()
    names = {number: (dimension, value) for number, dimension, value in rows}
    assert len(names) == len(set(names.values())) == len(rows)
    assert 0 not in names
    return names


def _is_added_up(connection: Connection) -> None:
    plain: Counter[tuple[str, int, int]] = Counter()
    for row in connection.execute(sa.select(cost_rows)):
        plain["organization", row.day, 0] += row.nanos
        for dimension in PLACES:
            plain[dimension, row.day, getattr(row, dimension)] += row.nanos
    held = connection.execute(sa.select(cost_sums)).all()
    assert {(row.dimension, row.day, row.member): row.nanos for row in held} == dict(plain)


def _is_counted(connection: Connection) -> None:
    there: Counter[tuple[str, int]] = Counter()
    for (day,) in connection.execute(sa.select(cost_rows.c.day)):
        there[COSTS, day] += 1
    for day, kind in connection.execute(sa.select(usage_rows.c.day, usage_rows.c.kind)):
        there[f"usage/{kind}", day] += 1
    for row in connection.execute(sa.select(days)):
        assert row.row_count == there.pop((row.dataset, row.day), 0)
    assert not there


def _money(connection: Connection, names: dict[int, tuple[str, str]]) -> Counter[Any]:
    return Counter(
        (
            date.fromordinal(row.day),
            *(_value(names, d, getattr(row, d)) for d in PLACES),
            row.nanos,
            row.quantity,
        )
        for row in connection.execute(sa.select(cost_rows))
    )


def _billed(bills: Iterable[CostDay]) -> Counter[Any]:
    return Counter(
        (
            row.day,
            *(row.project_id, row.line_item, row.api_key_id),
            parse(row.line_item).family if row.line_item else None,
            row.nanos,
            row.quantity,
        )
        for bill in bills
        for row in bill.rows
    )


def _volume(connection: Connection, names: dict[int, tuple[str, str]]) -> Counter[Any]:
    return Counter(
        (
            date.fromordinal(row.day),
            row.kind,
            _value(names, "project", row.project),
            _value(names, "snapshot", row.model),
            _value(names, "model", row.family),
        )
        for row in connection.execute(sa.select(usage_rows))
    )


def _value(names: dict[int, tuple[str, str]], dimension: str, number: int) -> str | None:
    if number == 0:
        return None
    of, value = names[number]
    assert of == dimension
    return value


def _used(uses: Iterable[UsageDay]) -> Counter[Any]:
    return Counter(
        (row.day, row.kind, row.project_id, row.model, family(row.model) if row.model else None)
        for use in uses
        for row in use.rows
    )


def day_of(*nanos: int, project: str = "a") -> CostDay:
    items = ("gpt-5, input", "o3, input", "gpt-5, output")
    rows = (CostRow(TODAY, project, item, None, n) for n, item in zip(nanos, items, strict=False))
    return CostDay(TODAY, tuple(rows))


UNDONE: list[Step] = [
    ("believed", 0, day_of(1)),
    ("believed", 0, day_of(TOO_MUCH, TOO_MUCH, project="undone")),
    ("believed", 1, day_of(2, project="b")),
    ("believed", 0, day_of(3, project="undone")),
]
"""A number that was given and undone is given anew: by another worker, to another project."""
LIKE_BEFORE: list[Step] = [
    ("believed", n % 2, day_of(*nanos))
    for n, nanos in enumerate(((1,), (1, 0), (1,), (0,), (), (0,), (1, 2), (2, 1)))
]
"""Days that only a careful look tells from the one before."""


def play(database: Database, steps: Sequence[Step]) -> None:
    workers = Workers(database)
    for step in steps:
        workers.go(step)


@example(UNDONE)
@example(LIKE_BEFORE)
@examples(max_examples=30)
@given(STEPS)
def test_roll_ups_records_and_members_fit_the_rows_whatever_happens(steps: list[Step]) -> None:
    with closing(open_forgetful("sqlite://")) as database:
        play(database, steps)


@pytest.mark.sweep
@examples(max_examples=1_000, derandomize=False)
@given(STEPS)
def test_they_fit_in_a_thousand_other_sequences(steps: list[Step]) -> None:
    with closing(open_forgetful("sqlite://")) as database:
        play(database, steps)


@pytest.mark.postgres
@example(UNDONE)
@example(LIKE_BEFORE)
@examples(max_examples=5)
@given(STEPS)
def test_they_fit_on_postgres_too(postgres_server: postgres.Server, steps: list[Step]) -> None:
    with closing(open_lasting(postgres_server.emptied())) as database:
        play(database, steps)
