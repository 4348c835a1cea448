"""`bot explain` shows the numbers behind an alert, and behind a day without one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bot.alerts.decide import Circumstances, after, verdict
from bot.cli import run
from bot.commands.workings import worked
from bot.spend.calendar import DayState, Unit, period_of
from bot.store.alerts import AlertBook
from bot.store.database import open_lasting
from tests.build import NOW, daily, finding, ledger, on, project, rule, spend
from tests.snapshots import matches

RULES = """
rules:
  - {name: weekly cap, kind: cap, period: week, limit_usd: 2000, steps: [80, 100]}
  - {name: project caps, kind: cap, per: project, limit_usd: {"search*": 200}}
  - {name: project spikes, kind: spike, per: project, min_usd: 10}
"""
SPIKE = ("--rule", "project spikes", "--subject", "Document pipeline", "--day")


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config.yaml").write_text("source: {kind: sample}\nrules: rules.yaml\n")
    (tmp_path / "rules.yaml").write_text(RULES)
    monkeypatch.chdir(tmp_path)


def said(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    assert run(["explain", *arguments]) == code
    out, err = capsys.readouterr()
    return err if code else out


def document(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(said(capsys, *arguments, "--output", "json"))
    return found


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("explain-spike.txt", (*SPIKE, "2026-11-19")),
        ("explain-no-spike.txt", (*SPIKE, "2026-11-12")),
        ("explain-cap.txt", ("weekly-cap/organization/week:2026-11-16",)),
        ("explain-no-limit.txt", ("--rule", "project caps", "--subject", "Marketing images",
                                  "--day", "2026-11-19")),
    ],
)  # fmt: skip
def test_the_text_reads_as_written(
    name: str, arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    matches(said(capsys, *arguments), name, __file__)


def test_a_day_of_a_cap_explains_the_period_it_lies_in(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = document(capsys, "--rule", "weekly cap", "--day", "2026-11-18")
    assert found["key"] == "weekly-cap/organization/week:2026-11-16"
    assert found["period"]["end"] == "2026-11-23"
    assert found["days"][0]["day"] == "2026-11-16"


def test_a_key_and_the_names_of_it_explain_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    by_name = document(capsys, *SPIKE, "2026-11-19")
    assert document(capsys, by_name["key"]) == by_name
    assert by_name["holds"] is True
    assert by_name["alert"] is None


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "say which finding"),
        (("nonsense",), "is not an alert's key"),
        (("weekly-cap/organization/day:2026-11-16",), "did you mean 'weekly-cap/organization/week"),
        (("weekly-cup/organization/week:2026-11-16",), "did you mean 'weekly-cap'?"),
        (("--rule", "project spike", "--day", "2026-11-19"), "did you mean 'project spikes'?"),
        (("--rule", "project spikes", "--day", "2026-11-19"), "--subject is missing"),
        (
            ("--rule", "project spikes", "--subject", "Document pipelin", "--day", "2026-11-19"),
            "did you mean 'Document pipeline'?",
        ),
        ((*SPIKE, "2020-01-01"), "2020-01-01 is outside the history that is kept"),
        ((*SPIKE, "2027-01-01"), "can be explained"),
    ],
)
def test_what_does_not_exist_is_a_mistake_of_the_command_line(
    arguments: tuple[str, ...], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert words in said(capsys, *arguments, code=2)


def test_an_alert_that_was_told_says_since_when(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    database = open_lasting(f"sqlite:///{tmp_path}/budget-bot.db")
    told = finding(rule="weekly cap", step=80, day=on("11-16"), unit=Unit.WEEK)
    with database.writing() as connection:
        alert = after(verdict(told, None, Circumstances(NOW, NOW.date())), NOW)
        assert alert is not None
        AlertBook(database).save(connection, [alert], NOW)
    database.close()
    text = said(capsys, told.key)
    assert "Alert: firing, first told 2026-11-20T09:00:00" in text
    assert text.partition("first told")[2].splitlines()[0].endswith("highest step told 80%.")


# --- the workings


def test_days_that_do_not_count_say_why() -> None:
    book = ledger(daily([20.0] * 60, project="proj_a"), states={"11-12": DayState.MISSING}, days=70)
    one = rule("spike", per="project", planned=[{"from": "2026-11-05", "until": "2026-11-05"}])
    work = worked(one, book, project(), period_of(on("11-19"), Unit.DAY))
    assert {f"{day.day:%m-%d}": day.why_not for day in work.days if day.why_not} == {
        "11-05": "planned",
        "11-12": "missing",
        "11-18": "unsettled",
    }
    assert "middle of 4 Thursdays, drawn to weekdays like it: $20.00" in work.formula


def test_planned_money_lifts_a_cap() -> None:
    one = rule(
        "cap",
        limit_usd=100,
        planned=[{"from": "2026-11-19", "until": "2026-11-19", "usd": 50}],
    )
    book = ledger(spend({"11-19": 120}))
    work = worked(one, book, one.subject(book, (None,)), period_of(on("11-19"), Unit.DAY))
    assert work.why_not == "$120.00 is not over $150.00 (100% of the cap of $150.00)"


def test_the_limit_explained_is_the_limit_judged_by() -> None:
    book = ledger(daily([20.0 + n % 7 for n in range(60)] + [400.0], project="proj_a"))
    one = rule("spike", per="project")
    found = next(iter(one.judge(book, [on("11-19")])))
    work = worked(one, book, project(), period_of(on("11-19"), Unit.DAY))
    assert (work.observed, work.limit, work.expected) == (
        found.observed,  # type: ignore[union-attr]  # it is a Finding
        found.limit,  # type: ignore[union-attr]
        found.expected,  # type: ignore[union-attr]
    )
