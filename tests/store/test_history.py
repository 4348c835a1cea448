"""The stored bill: whole days, exact sums by every dimension, names, and what is known."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import StoreError
from bot.sources.lengths import LONGEST
from bot.spend.calendar import DayState, SettlingTimes, Span
from bot.spend.doubt import Trusting
from bot.spend.ledger import Ids, Ledger, trailing
from bot.spend.line_item import family, parse
from bot.spend.metrics import Additive, Metric
from bot.spend.rows import CostDay, CostRow, Name, UsageDay, UsageKind, UsageRow
from bot.spend.split import Volume
from bot.store.database import Database, open_forgetful, open_lasting
from bot.store.dayrecord import COSTS
from bot.store.history import History
from bot.store.records import usage_dataset
from bot.store.schema import cost_rows, cost_sums
from tests.build import NOW, TODAY, YESTERDAY, on
from tests.examples import examples

WEEK = trailing(TODAY, 7)
TIMES = SettlingTimes()
PAIRS = [
    ("organization",),
    ("project",),
    ("line_item",),
    ("api_key",),
    ("model",),
    ("project", "model"),
    ("model", "project"),
    ("api_key", "line_item"),
    ("project", "line_item", "api_key"),
]


@pytest.fixture
def history(database: Database) -> History:
    return History(database)


def cost(
    nanos: int, project: str | None = "a", item: str | None = "gpt-5, input", key: str | None = None
) -> CostRow:
    return CostRow(YESTERDAY, project, item, key, nanos)


def costs(*rows: CostRow, day: date = YESTERDAY, whole: bool = True) -> CostDay:
    return CostDay(day, rows, whole)


def usage(kind: UsageKind = UsageKind.COMPLETIONS, **numbers: Any) -> UsageRow:
    return UsageRow(YESTERDAY, kind, "a", "gpt-5-2025-08-07", "key_1")._replace(**numbers)


def on_the_day(history: History, *per: str, of: Additive = Additive.COST) -> dict[Ids, int]:
    return {ids: sums[YESTERDAY] for ids, sums in history.sums(of, per, WEEK).items()}


def state(history: History, now_days_later: int = 0) -> DayState:
    now = NOW + timedelta(days=now_days_later)
    return history.states(COSTS, WEEK, TIMES, now)[YESTERDAY]


def test_a_day_is_replaced_whole(history: History) -> None:
    history.take(costs(cost(5, "a"), cost(7, "gone")), NOW, Trusting())
    history.take(costs(cost(1), day=TODAY), NOW, Trusting())
    history.take(costs(cost(6, "a")), NOW, Trusting())
    assert on_the_day(history, "organization") == {(None,): 6}
    assert history.sums(Additive.COST, ("project",), WEEK) == {("a",): {YESTERDAY: 6, TODAY: 1}}
    history.take(costs(), NOW, Trusting())
    assert history.sums(Additive.COST, ("project",), WEEK) == {("a",): {TODAY: 1}}
    assert state(history) is DayState.SETTLING


def test_a_day_that_cannot_be_written_keeps_what_was_known(
    database: Database, history: History
) -> None:
    history.take(costs(cost(5)), NOW, Trusting())
    with pytest.raises((StoreError, OverflowError)):
        history.take(costs(cost(7, "b"), cost(2**63, "c")), NOW + timedelta(days=9), Trusting())
    assert on_the_day(history, "project") == {("a",): 5}
    with database.reading() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(cost_rows)).scalar() == 1
    assert history.day_records(COSTS, WEEK)[YESTERDAY].fetched_at == NOW
    history.take(costs(cost(7, "b")), NOW, Trusting())  # the undone members are numbered anew
    assert on_the_day(history, "project") == {("b",): 7}


ITEMS = [None, "gpt-5, input", "gpt-5-2025-08-07, output", "o3, input", "Vector storage", "??", ""]
ROWS = st.builds(
    cost,
    nanos=st.integers(-(10**15), 10**15),
    project=st.sampled_from([None, "a", "b", "gpt-5", ""]),
    item=st.sampled_from(ITEMS),
    key=st.sampled_from([None, "key_1", "a"]),
)


def place(row: CostRow, dimension: str) -> str | None:
    return {
        "organization": None,
        "project": row.project_id,
        "line_item": row.line_item,
        "api_key": row.api_key_id,
        "model": parse(row.line_item).family if row.line_item else None,
    }[dimension]


@examples(8)
@given(st.lists(ROWS, max_size=20))
def test_every_breakdown_adds_up_the_rows_exactly(rows: list[CostRow]) -> None:
    history = History(open_forgetful("sqlite://"))
    history.take(costs(*rows), NOW, Trusting())
    for per in PAIRS:
        plain: dict[Ids, int] = defaultdict(int)
        for row in rows:
            plain[tuple(place(row, dimension) for dimension in per)] += row.nanos
        assert on_the_day(history, *per) == plain


def test_the_same_place_named_twice_is_one_row(database: Database, history: History) -> None:
    first = CostRow(YESTERDAY, "a", "x", "k", 5, None, None)
    twice = [CostRow(YESTERDAY, "a", "x", "k", 7, 2.0, "tokens")] * 2
    history.take(costs(first, *twice), NOW, Trusting())
    with database.reading() as connection:
        rows = connection.execute(sa.select(cost_rows.c.nanos, cost_rows.c.quantity)).all()
    assert rows == [(19, 4.0)]
    assert on_the_day(history, "line_item") == {("x",): 19}
    assert history.row_counts(WEEK) == {"costs": 1, "usage": 0}


def test_the_longest_words_that_are_read_can_be_held(history: History) -> None:
    chance = Random(1)
    long = "".join(chr(chance.randint(0x10000, 0x1FFFF)) for _ in range(LONGEST))
    row = cost(5, long, long, long)._replace(quantity=1.0, quantity_unit="u" * 40)
    history.take(costs(row), NOW, Trusting())
    use = usage(project_id=long, model=long, api_key_id=long, service_tier="t" * 40, requests=2)
    history.take_uses([UsageDay(YESTERDAY, UsageKind.COMPLETIONS, (use,))], NOW, Trusting())
    history.remember_names([Name("project", long, "Search")], NOW)
    assert on_the_day(history, "project", "line_item", "api_key") == {(long, long, long): 5}
    assert on_the_day(history, "project", "api_key", of=Additive.REQUESTS) == {(long, long): 2}
    assert history.names() == {"project": {long: "Search"}}


def test_money_of_no_known_model_is_kept_under_none(history: History) -> None:
    rows = [cost(1), cost(2, item="Vector storage"), cost(4, item="??, input"), cost(8, item=None)]
    history.take(costs(*rows), NOW, Trusting())
    assert on_the_day(history, "model") == {("gpt-5",): 1, (None,): 14}


def test_one_id_in_two_dimensions_is_two_members(history: History) -> None:
    history.take(costs(cost(3, project="x", item="x, input", key="x")), NOW, Trusting())
    for dimension in ("project", "model", "api_key"):
        assert on_the_day(history, dimension) == {("x",): 3}


def test_roll_ups_of_other_days_stay(database: Database, history: History) -> None:
    for back in range(3):
        history.take(costs(cost(1), day=TODAY - timedelta(days=back)), NOW, Trusting())
    history.take(costs(cost(2)), NOW, Trusting())
    with database.reading() as connection:
        query = sa.select(cost_sums.c.nanos).where(cost_sums.c.dimension == "organization")
        found = connection.execute(query.order_by(cost_sums.c.day)).scalars().all()
    assert list(found) == [1, 2, 1]


def test_only_the_days_of_the_span_are_added_up(history: History) -> None:
    for day in (on("11-18"), YESTERDAY, TODAY):
        history.take(costs(cost(1), day=day), NOW, Trusting())
    span = Span(YESTERDAY, TODAY)
    for per in PAIRS:
        assert [list(days) for days in history.sums(Additive.COST, per, span).values()] == [
            [YESTERDAY]
        ]


def test_volume_is_added_up_by_family_and_key(history: History) -> None:
    rows = (
        usage(requests=3, input_tokens=100, cached_tokens=40, output_tokens=7),
        usage(requests=4, input_tokens=1),
        UsageRow(YESTERDAY, UsageKind.COMPLETIONS, "b", None, None, requests=8),
    )
    history.take_uses([UsageDay(YESTERDAY, UsageKind.COMPLETIONS, rows)], NOW, Trusting())
    requests = Additive.REQUESTS
    assert on_the_day(history, "organization", of=requests) == {(None,): 15}
    assert on_the_day(history, "model", of=requests) == {("gpt-5",): 7, (None,): 8}
    assert on_the_day(history, "project", "api_key", of=requests) == {
        ("a", "key_1"): 7,
        ("b", None): 8,
    }
    totals = {
        of.value: on_the_day(history, "organization", of=of)[None,]
        for of in Additive
        if of.is_usage
    }
    assert totals == {
        "requests": 15,
        "input_tokens": 101,
        "output_tokens": 7,
        "cached_tokens": 40,
    }
    assert family("gpt-5-2025-08-07") == "gpt-5"


def test_a_kind_of_use_is_replaced_without_the_others(history: History) -> None:
    for kind in (UsageKind.COMPLETIONS, UsageKind.EMBEDDINGS):
        history.take_uses(
            [UsageDay(YESTERDAY, kind, (usage(kind, requests=1),) * 2)], NOW, Trusting()
        )
    again = UsageDay(YESTERDAY, UsageKind.EMBEDDINGS, (usage(UsageKind.EMBEDDINGS, requests=9),))
    history.take_uses([again], NOW, Trusting())
    assert on_the_day(history, "organization", of=Additive.REQUESTS) == {(None,): 11}
    assert history.row_counts(WEEK) == {"costs": 0, "usage": 3}


def test_names_are_kept_and_the_newest_is_shown(history: History) -> None:
    history.remember_names([Name("project", "p", "Search"), Name("api_key", "k", "ci", "p")], NOW)
    history.remember_names([Name("project", "p", "Finder"), Name("project", "k", "K")], NOW)
    history.remember_names([], NOW)
    assert history.names() == {"project": {"p": "Finder", "k": "K"}, "api_key": {"k": "ci"}}


def test_a_day_never_heard_of_is_missing_and_an_empty_one_is_not(history: History) -> None:
    history.take(costs(), NOW, Trusting())
    states = history.states(COSTS, WEEK, TIMES, NOW)
    assert [day for day, known in states.items() if known is not DayState.MISSING] == [YESTERDAY]


@pytest.mark.parametrize(
    ("whole", "fetched_after", "known"),
    [
        (True, 0, DayState.SETTLING),
        (True, 2, DayState.SETTLED),
        (False, 0, DayState.MISSING),
        (False, 2, DayState.MISSING),
    ],
)
def test_a_part_of_a_finished_day_is_no_day(
    history: History, whole: bool, fetched_after: int, known: DayState
) -> None:
    history.take(costs(whole=whole), NOW + timedelta(days=fetched_after), Trusting())
    assert state(history, fetched_after) is known


def test_a_part_of_an_open_day_is_what_there_is(history: History) -> None:
    history.take(costs(day=TODAY, whole=False), NOW, Trusting())
    assert history.states(COSTS, WEEK, TIMES, NOW)[TODAY] is DayState.OPEN


def test_a_failure_keeps_the_data_and_says_so_until_a_fetch_goes_well(history: History) -> None:
    history.take(costs(cost(5)), NOW, Trusting())
    history.mark_failed(COSTS, Span(YESTERDAY, TODAY), "page 3 is cut off", NOW)
    assert state(history) is DayState.MISSING
    assert on_the_day(history, "project") == {("a",): 5}
    record = history.day_records(COSTS, WEEK)[YESTERDAY]
    assert (record.failed, record.error, record.fetched_at) == (True, "page 3 is cut off", NOW)
    history.take(costs(cost(6)), NOW, Trusting())
    assert state(history) is DayState.SETTLING
    assert history.day_records(COSTS, WEEK)[YESTERDAY].error is None


def test_a_day_that_only_ever_failed_is_known_to_have(history: History) -> None:
    history.mark_failed(COSTS, Span(YESTERDAY, TODAY), "no answer", NOW)
    record = history.day_records(COSTS, WEEK)[YESTERDAY]
    assert (record.failed, record.fetched_at) == (True, None)
    assert state(history) is DayState.MISSING


def test_a_settled_day_stays_settled_when_a_later_fetch_fails(history: History) -> None:
    history.take(costs(), NOW + timedelta(days=2), Trusting())
    history.mark_failed(COSTS, Span(YESTERDAY, TODAY), "no answer", NOW + timedelta(days=3))
    assert state(history, 3) is DayState.SETTLED


def test_money_and_each_kind_of_use_have_states_of_their_own(history: History) -> None:
    history.take_uses([UsageDay(YESTERDAY, UsageKind.COMPLETIONS, ())], NOW, Trusting())
    assert history.usage_states(WEEK, TIMES, NOW)[YESTERDAY] is DayState.SETTLING
    assert state(history) is DayState.MISSING
    embeddings = usage_dataset(UsageKind.EMBEDDINGS)
    assert embeddings == "usage/embeddings"
    assert history.states(embeddings, WEEK, TIMES, NOW)[YESTERDAY] is DayState.MISSING


def test_a_kind_in_use_that_was_not_read_leaves_the_day_of_volume_unknown(
    history: History,
) -> None:
    """Else its models would look as if they had stopped."""
    before = YESTERDAY - timedelta(days=1)
    row = UsageRow(before, UsageKind.EMBEDDINGS, "a", "text-embedding-3-small", None, requests=5)
    for day in (before, YESTERDAY):
        history.take_uses([UsageDay(day, UsageKind.COMPLETIONS, ())], NOW, Trusting())
    history.mark_failed(
        usage_dataset(UsageKind.EMBEDDINGS), Span(YESTERDAY, TODAY), "no answer", NOW
    )
    assert history.usage_states(WEEK, TIMES, NOW)[YESTERDAY] is DayState.SETTLING  # nobody uses it
    history.take_uses([UsageDay(before, UsageKind.EMBEDDINGS, (row,))], NOW, Trusting())
    states = history.usage_states(WEEK, TIMES, NOW)
    assert (states[before], states[YESTERDAY]) == (DayState.SETTLING, DayState.MISSING)


def test_money_and_use_of_several_days_add_up_by_any_dimensions(history: History) -> None:
    days = (YESTERDAY, TODAY)
    for day in (*days, TODAY - timedelta(days=5)):
        rows = cost(5), cost(7, "b", "o3, input", "k"), cost(-2, None, "credit")
        history.take(CostDay(day, tuple(row._replace(day=day) for row in rows)), NOW, Trusting())
        use = UsageRow(
            day, UsageKind.COMPLETIONS, "b", "o3-2026-01-01", "k", None, None, 3, 40, 5, 6
        )
        image = UsageRow(day, UsageKind.IMAGES, "b", "gpt-image-2", None, requests=1, units=2)
        history.take_uses([UsageDay(day, UsageKind.COMPLETIONS, (use,))], NOW, Trusting())
        history.take_uses([UsageDay(day, UsageKind.IMAGES, (image,))], NOW, Trusting())
    assert history.bill(("project", "line_item", "api_key"), days) == {
        ("a", "gpt-5, input", None): 10,
        ("b", "o3, input", "k"): 14,
        (None, "credit", None): -4,
    }
    assert history.volumes(("project", "model", "api_key", "kind"), days) == {
        ("b", "o3", "k", "completions"): Volume(6, 80, 10, 12),
        ("b", "gpt-image-2", None, "images"): Volume(2, units=4),
    }
    assert history.bill(("project", "line_item", "api_key"), ()) == {}


def test_a_ledger_reads_the_stored_bill(history: History) -> None:
    history.take(costs(cost(5), cost(7, "b", "o3, input")), NOW, Trusting())
    states = history.states(COSTS, WEEK, TIMES, NOW)
    book = Ledger(NOW, WEEK, history, states, states, history.currency())
    narrow = book.selected(Additive.COST, ("project",), (("model", ("o3",)),))
    assert narrow.totals(WEEK) == {("b",): 7}
    assert book.state(YESTERDAY, Metric.COST) is DayState.SETTLING


def test_a_day_is_found_again_after_a_restart(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/bot.db"
    History(open_lasting(url)).take(costs(cost(5)), NOW, Trusting())
    later = History(open_lasting(url))
    later.take(costs(cost(6), cost(1, "b")), NOW, Trusting())
    assert on_the_day(later, "project") == {("a",): 6, ("b",): 1}


def changes(database: Database) -> int:
    """Rows written to `cost_rows` so far, as a trigger counts them."""
    with database.reading() as connection:
        return int(connection.exec_driver_sql("SELECT n FROM counted").scalar() or 0)


def test_a_day_that_is_as_it_was_is_not_written_again(tmp_path: Path) -> None:
    database = open_lasting(f"sqlite:///{tmp_path / 'bot.db'}")
    with database.writing() as connection:
        connection.exec_driver_sql("CREATE TABLE counted (n INTEGER)")
        connection.exec_driver_sql("INSERT INTO counted VALUES (0)")
        connection.exec_driver_sql(
            "CREATE TRIGGER c AFTER INSERT ON cost_rows BEGIN UPDATE counted SET n = n + 1; END"
        )
    history = History(database)
    first = costs(cost(5), cost(7, "b")._replace(quantity=2.0, quantity_unit="tokens"))
    history.take(first, NOW, Trusting())
    later = NOW + timedelta(hours=1)
    history.take(costs(*reversed(first.rows)), later, Trusting())
    assert changes(database) == 2
    assert history.day_records(COSTS, WEEK)[YESTERDAY].fetched_at == later
    for count, moved in enumerate(
        (costs(cost(7), cost(5, "b")), costs(cost(12)), costs(cost(12)._replace(quantity=1.0))), 1
    ):
        history.take(moved, later, Trusting())
        assert changes(database) == (4, 5, 6)[count - 1], moved
    database.close()


def test_a_key_without_a_name_keeps_the_one_it_had_and_is_known_to_be_asked(
    history: History,
) -> None:
    history.remember_names(
        [Name("api_key", "k1", "prod", "p"), Name("api_key", "k2", "", "p")], NOW
    )
    assert history.names() == {"api_key": {"k1": "prod"}}
    later = NOW + timedelta(days=2)
    history.remember_names([Name("api_key", "k1", "", "p")], later)
    assert history.names() == {"api_key": {"k1": "prod"}}
    assert history.keys_asked_since(NOW) == {"k1", "k2"}
    assert history.keys_asked_since(later) == {"k1"}


def test_pairs_of_a_few_projects_are_what_all_pairs_say_of_them(history: History) -> None:
    rows = [cost(n + 1, project, f"gpt-{n % 3}, input") for n, project in enumerate("aabbcc")]
    history.take(costs(*rows, cost(9, None)), NOW, Trusting())
    per = ("project", "model")
    whole = history.table(Additive.COST, per, WEEK)
    some = history.table(Additive.COST, per, WEEK, ("a", None))
    assert some.ids == tuple(ids for ids in whole.ids if ids[0] in ("a", None))
    for ids in some.ids:
        assert some.column(ids).tolist() == whole.column(ids).tolist()
    assert history.table(Additive.COST, per, WEEK, ("nobody",)).ids == ()


@pytest.mark.parametrize("rows", [1, 112, 113, 8_305])
def test_a_day_of_any_size_is_stored_row_by_row_as_it_was_read(
    database: Database, history: History, rows: int
) -> None:
    """Rows go in by the hundred, and come by some thousand: none is lost where one begins."""
    read = [
        CostRow(TODAY, f"p{n:05}", "gpt-5, input", None, n, float(n) if n % 3 else None, "tokens")
        for n in range(rows)
    ]
    assert history.take(CostDay(TODAY, tuple(read), True), NOW, Trusting()) is None
    query = sa.select(cost_rows.c.nanos, cost_rows.c.quantity, cost_rows.c.quantity_unit)
    with database.reading() as connection:
        held = connection.execute(query.order_by(cost_rows.c.project)).all()
    assert held == [(row.nanos, row.quantity, row.quantity_unit) for row in read]
    table = history.table(Additive.COST, ("project",), trailing(TODAY, 1))
    assert table.values.tolist() == [[row.nanos for row in read]]
