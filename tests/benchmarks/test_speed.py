"""The benchmark of speed runs, and compares what it says it compares."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from benchmarks.speed import parts
from benchmarks.speed.__main__ import cells, row
from benchmarks.speed.pages import Bill, page
from benchmarks.speed.parts import Line, exponent
from benchmarks.speed.rulebook import rule_files
from benchmarks.speed.shape import NOW, TODAY, Shape
from benchmarks.speed.stage import Stage, restate
from benchmarks.speed.stored import store
from bot.config.rulebook import load_rulebook
from bot.sources.cost_pages import read_cost_page
from bot.sources.openai_pages import Place
from bot.sources.openai_rows import cost_days
from bot.spend.doubt import Trusting
from bot.spend.rows import CostDay
from bot.store.database import open_lasting
from bot.store.history import History

SHAPE = Shape(projects=3, line_items=4, keys=2, days=3, seed=5)


def day_of_pages(shape: Shape) -> CostDay:
    body = page([Bill(shape).bucket(TODAY)], None)
    (day,) = cost_days([read_cost_page(body, Place("costs"))])
    assert isinstance(day, CostDay)
    return day


def test_a_seed_gives_the_same_page_and_another_one_another() -> None:
    bucket = Bill(SHAPE).bucket(TODAY)
    assert bucket == Bill(SHAPE).bucket(TODAY)
    assert bucket != Bill(Shape(3, 4, 2, 3, seed=6)).bucket(TODAY)
    results = json.loads(bucket)["results"]
    assert len(results) == SHAPE.per_day == 24
    assert Bill(SHAPE).bucket(SHAPE.first.replace(year=2020)).endswith(b'"results": []}')


def test_the_stored_history_is_what_the_pages_would_have_left(tmp_path: Path) -> None:
    file = tmp_path / "stored.db"
    store(file, SHAPE)
    fetched = tmp_path / "fetched.db"
    database = open_lasting(f"sqlite:///{fetched}")
    History(database).take(day_of_pages(SHAPE), NOW, Trusting())
    database.close()
    query = (
        "SELECT p.value, i.value, k.value, m.value, nanos, quantity, quantity_unit FROM cost_rows "
        "JOIN members p ON p.id = project JOIN members i ON i.id = line_item "
        "JOIN members k ON k.id = api_key LEFT JOIN members m ON m.id = model "
        "WHERE day = ? ORDER BY 1, 2, 3"
    )
    sums = (
        "SELECT s.dimension, value, nanos FROM cost_sums s LEFT JOIN members ON id = member "
        "WHERE day = ? ORDER BY 1, 2"
    )
    found = []
    for each in (file, fetched):
        with closing(sqlite3.connect(each)) as connection:
            at = (TODAY.toordinal(),)
            found.append([connection.execute(sql, at).fetchall() for sql in (query, sums)])
    assert found[0] == found[1]
    assert len(found[0][0]) == SHAPE.per_day


def test_restating_changes_the_last_days_and_no_other(tmp_path: Path) -> None:
    file = tmp_path / "stored.db"
    store(file, SHAPE)
    sums = "SELECT day, sum(nanos) FROM cost_rows GROUP BY day ORDER BY day"
    with closing(sqlite3.connect(file)) as connection:
        before = connection.execute(sums).fetchall()
        restate(file, 2)
        after = connection.execute(sums).fetchall()
    more = [there[1] - here[1] for here, there in zip(before, after, strict=True)]
    assert more == [0, SHAPE.per_day, SHAPE.per_day]


def test_a_thousand_rules_are_rules(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    (text,) = rule_files(Shape(10, 2), 50)
    file.write_text(text)
    kinds = [rule.kind for rule in load_rulebook(file).enabled]
    assert {kind: kinds.count(kind) for kind in sorted(set(kinds))} == {
        **{"cap": 35, "drift": 1, "drop": 2, "new": 2},
        "spike": 10,
    }


def test_twice_the_work_in_twice_the_time_grows_with_exponent_one() -> None:
    assert exponent([10, 20], [1.5, 3.0]) == pytest.approx(1.0)
    assert exponent([10, 1000], [7.0, 7.0]) == 0.0


def test_a_line_of_the_table_says_whether_its_goal_was_met() -> None:
    line = Line("a", "bot check", 1.234, 99.6, "1.40×", "≤ 1.5×", met=True)
    assert row(cells(line)) == "| a | bot check | 1.23 | 100 | 1.40× | ≤ 1.5× | yes |"


def test_the_main_job_is_measured_beside_the_bare_loop(tmp_path: Path) -> None:
    size = parts.Size(
        name="tiny",
        bill=Shape(5, 3, 1, 5),
        rules=10,
        backfill_days=2,
        notebook_days=2,
        backtest=SHAPE,
        backtest_days=2,
        charts=(),
        growth_projects=(),
        growth_days=(),
        runs=1,
    )
    stage = Stage(tmp_path)
    del stage.env["PYTHONPYCACHEPREFIX"]  # what is installed is compiled already
    lines = list(parts.check(stage, size))
    assert [line.what for line in lines] == [
        "bare loop, 45 rows",
        "bot check, 45 rows of 75, 10 rules, every amount restated",
        "bot check, 45 rows of 75, 10 rules, nothing restated",
    ]
    assert all(line.seconds and line.megabytes for line in lines)
    with closing(sqlite3.connect(tmp_path / "bare.db")) as connection:
        assert connection.execute("SELECT count(*) FROM costs").fetchone() == (45,)
