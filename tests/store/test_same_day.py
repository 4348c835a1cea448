"""A day that is held already is not written again; one that differs in anything is."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import sqlalchemy as sa
from hypothesis import example, given
from hypothesis import strategies as st

from bot.spend.columns import CostColumns
from bot.spend.rows import CostRow
from bot.store import same_day
from bot.store.bulk import insert_all
from bot.store.database import Database, open_forgetful
from bot.store.day_rows import DayRows
from bot.store.members import Members
from bot.store.same_day import is_stored
from bot.store.schema import cost_rows, cost_sums
from tests.build import TODAY
from tests.examples import examples

MOST = 2**63 - 1
ROW = st.builds(
    CostRow,
    day=st.just(TODAY),
    project_id=st.sampled_from((None, "a", "b")),
    line_item=st.sampled_from((None, "gpt-5, input", "gpt-5-2025-08-07, output")),
    api_key_id=st.sampled_from((None, "a")),
    nanos=st.sampled_from((0, 1, -1, MOST // 4, -(MOST // 4))),
    quantity=st.sampled_from((None, 0.0, -0.0, 1.0, 1.5, 2.0**53, 9.9e17)),
    quantity_unit=st.sampled_from((None, "tokens", "to,kens", "\x1e", "\x1f", "to\x1fkens")),
)
ROWS = st.lists(ROW, max_size=4, unique_by=lambda one: one[1:4])
PLAIN = CostRow(TODAY, "a", "gpt-5, input", None, 7, 5.0, "tokens")


def numbered(database: Database, rows: Sequence[CostRow]) -> DayRows:
    with database.writing() as connection:
        number = Members().numberer(connection)
        found = DayRows.of(CostColumns.of(TODAY, rows), number)
        number.write(connection)
    return found


def check(database: Database, held: Sequence[CostRow], read: Sequence[CostRow]) -> None:
    """Store the one and ask for the other."""
    both = [numbered(database, rows) for rows in (held, read)]
    with database.writing() as connection:
        for table in (cost_rows, cost_sums):
            connection.execute(sa.delete(table))
        insert_all(connection, cost_rows, both[0].cost_rows())
        insert_all(connection, cost_sums, both[0].cost_sums())
        expected = bool(read) and list(both[0].cost_rows()) == list(both[1].cost_rows())
        assert is_stored(connection, both[1]) is expected


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Database:
    return open_forgetful(f"sqlite:///{tmp_path_factory.mktemp('same')}/bot.db")


@examples(25)
@given(held=ROWS, read=st.none() | ROWS)
@example(held=[PLAIN], read=[PLAIN._replace(quantity=6.0)])
@example(held=[PLAIN], read=[PLAIN._replace(quantity=5.5)])
@example(held=[PLAIN._replace(quantity=5.5)], read=[PLAIN])
@example(held=[PLAIN], read=[PLAIN._replace(quantity=None)])
@example(held=[PLAIN], read=[PLAIN._replace(quantity_unit=None)])
@example(held=[PLAIN], read=[PLAIN._replace(api_key_id="k")])
def test_only_the_very_same_rows_are_the_same_day(
    file: Database, held: list[CostRow], read: list[CostRow] | None
) -> None:
    check(file, held, held if read is None else read)


def test_it_is_the_same_with_each_kind_of_database(database: Database) -> None:
    check(database, [PLAIN], [PLAIN])
    check(database, [PLAIN], [PLAIN._replace(quantity=6.0)])


def test_a_day_too_large_for_a_line_of_text_is_compared_row_by_row(
    file: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [PLAIN._replace(project_id=f"p{n}", nanos=n) for n in range(300)]
    for most in (100, 1_000):
        monkeypatch.setattr(same_day, "_MOST_PACKED", most)
        check(file, rows, rows[::-1])
        check(file, rows, [*rows[:-2], rows[-2]._replace(nanos=299), rows[-1]._replace(nanos=298)])
        check(file, rows, rows[:-1])
