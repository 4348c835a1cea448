"""`bot export`: what is held, for other programs."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal

import pytest

from tests.cases.stage import DAYS, SEARCH, TODAY, YESTERDAY, Place, at

HELD = DAYS - 1
"""Finished days of the small bill that are fetched: today is one of `history_days`."""


@pytest.fixture
def held(place: Place) -> Place:
    """The small bill, fetched, and its alerts told."""
    assert place.bot("check", *at(0)) == 0
    return place


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_exported_costs_add_up_to_the_bill(held: Place) -> None:
    rows = table(held.run("export", "costs").out)
    assert sum(Decimal(row["usd"]) for row in rows) == 120 * HELD + 30
    assert rows[0] == {
        "day": "2026-11-09",
        "project_id": "proj_search",
        "project": "Search",
        "line_item": "gpt-5.4-2026-03-05, output",
        "model": "gpt-5.4",
        "api_key_id": "key_proj_search",
        "api_key": "production",
        "usd": "100",
        "quantity": rows[0]["quantity"],
        "quantity_unit": rows[0]["quantity_unit"],
    }


def test_usage_and_alerts_are_exported_as_json(held: Place) -> None:
    usage = json.loads(held.run("export", "usage", "--format", "json").out)
    assert {row["family"] for row in usage} == {"gpt-5.4"}
    assert sum(row["requests"] for row in usage) == 40 * (2 * HELD + 2)
    alerts = json.loads(held.run("export", "alerts", "--format", "json").out)
    assert {row["rule"] for row in alerts} == {"day cap"}


def test_days_are_chosen_by_since_and_until_both_included(held: Place) -> None:
    span = ("--since", YESTERDAY.isoformat(), "--until", YESTERDAY.isoformat())
    assert {row["day"] for row in table(held.run("export", "costs", *span).out)} == {"2026-11-19"}


def test_nothing_held_is_a_heading_or_an_empty_array(place: Place) -> None:
    assert place.run("export", "usage").out.count("\n") == 1
    assert json.loads(place.run("export", "costs", "--format", "json").out) == []


@pytest.mark.parametrize("name", ["=1+1", "+1", "@SUM(A1)", "-2+3", " =1+1", "＝1+1"])
def test_a_name_is_never_a_formula_in_a_spreadsheet(held: Place, name: str) -> None:
    held.openai.projects = [
        p._replace(name=name) if p.id == SEARCH else p for p in held.openai.projects
    ]
    held.bot("fetch", *at(0))
    shown = {row["project"] for row in table(held.run("export", "costs").out)}
    assert f"'{name}" in shown
    assert name not in shown


def test_a_name_sends_no_code_to_a_terminal(held: Place) -> None:
    name = "\x1b[31mred\r\n\u202eevil\x9b1m"
    held.openai.projects = [
        p._replace(name=name) if p.id == SEARCH else p for p in held.openai.projects
    ]
    held.bot("fetch", *at(0))
    assert "red  evil" in {row["project"] for row in table(held.run("export", "costs").out)}
    written = held.run("export", "costs", "--format", "json").out
    assert written.isascii()
    assert name in {row["project"] for row in json.loads(written)}


def test_a_negative_amount_stays_a_number(held: Place) -> None:
    held.spend("-12.5")
    held.bot("fetch", *at(0))
    day = [row["usd"] for row in table(held.run("export", "costs").out) if row["day"] == str(TODAY)]
    assert "-12.5" in day


def test_a_file_appears_whole_or_not_at_all(held: Place) -> None:
    assert held.bot("export", "costs", "--out", "costs.csv") == 0
    assert len(table((held.home / "costs.csv").read_text())) == 2 * HELD + 1
    ran = held.run("export", "costs", "--format", "parquet", "--out", "costs.parquet")
    assert (ran.code, ran.err) == (
        2,
        "bot: Parquet needs pyarrow, which is not installed\n"
        "  pip install 'openai-budget-bot[parquet]', or choose --format csv or json\n",
    )
    assert not list(held.home.glob("*parquet*"))
    ran = held.run("export", "costs", "--out", "nowhere/costs.csv")
    assert (ran.code, "No such file or directory" in ran.err) == (2, True)
