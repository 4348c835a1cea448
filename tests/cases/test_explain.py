"""`bot explain` shows the numbers behind an alert, and behind a day without one."""

from __future__ import annotations

import json
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.alerts.decide import Circumstances, after, verdict
from bot.alerts.life import Alert
from bot.alerts.model import Finding
from bot.cli import run
from bot.commands import explaintext
from bot.commands.workings import worked
from bot.messages.model import Message, MessageType
from bot.spend.calendar import DayState, Unit, period_of
from bot.spend.currency import USD
from bot.spend.metrics import Additive
from bot.store.alerts import AlertBook
from bot.store.database import open_lasting
from bot.store.outbox import Outbox
from tests.build import (
    NOW,
    YESTERDAY,
    daily,
    finding,
    ledger,
    on,
    project,
    rule,
    spend,
    used,
)
from tests.snapshots import matches

RULES = """
rules:
  - {name: weekly cap, kind: cap, period: week, limit_usd: 2000, steps: [80, 100]}
  - {name: project caps, kind: cap, per: project, limit_usd: {"search*": 200}}
  - {name: project spikes, kind: spike, per: project, min_usd: 10}
"""
SPIKE = ("--rule", "project spikes", "--subject", "Document pipeline", "--day")


def furnish(folder: Path) -> Path:
    (folder / "config.yaml").write_text("source: {kind: sample}\nrules: rules.yaml\n")
    (folder / "rules.yaml").write_text(RULES)
    return folder


@pytest.fixture(scope="module")
def fetched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample's history as a database, read once for all."""
    home = furnish(tmp_path_factory.mktemp("fetched"))
    assert run(["fetch", "--config", str(home / "config.yaml")]) == 0
    return home / "budget-bot.db"


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fetched: Path) -> None:
    monkeypatch.chdir(furnish(tmp_path))
    shutil.copy(fetched, tmp_path)


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


def alert_of(told: Finding) -> Alert:
    """The alert as it is once the finding was told."""
    alert = after(verdict(told, None, Circumstances(NOW, NOW.date())), NOW)
    assert alert is not None
    return alert


def test_an_alert_that_was_told_says_since_when(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    database = open_lasting(f"sqlite:///{tmp_path}/budget-bot.db")
    told = finding(rule="weekly cap", step=80, day=on("11-16"), unit=Unit.WEEK)
    with database.writing() as connection:
        AlertBook(database).save(connection, [alert_of(told)], NOW)
    database.close()
    text = said(capsys, told.key)
    assert "Alert: firing, first told Fri 20 Nov 2026 09:00 UTC, highest step told 80%." in text


def test_the_messages_of_an_alert_are_listed_with_where_they_stand(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    database = open_lasting(f"sqlite:///{tmp_path}/budget-bot.db")
    told = finding(rule="weekly cap", step=80, day=on("11-16"), unit=Unit.WEEK)
    with database.writing() as connection:
        AlertBook(database).save(connection, [alert_of(told)], NOW)
        for step in ("step-80", "step-100"):
            message = Message(f"{told.key}#{step}", MessageType.ALERT, "#llm-costs", "", ())
            Outbox(database).add(connection, message, NOW, alert_key=told.key)
    Outbox(database).mark_sent(f"{told.key}#step-80", NOW, "C0", "1.0")
    database.close()
    text = said(capsys, f"{told.key}#step-80")
    assert "  step-80: sent Fri 20 Nov 2026 09:00 UTC to #llm-costs\n" in text
    assert "  step-100: pending, not sent yet to #llm-costs\n" in text


def test_the_beginning_of_a_key_is_enough_where_it_fits_one_alert(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = document(capsys, "project-sp")
    assert found["key"] == ("project-spikes/project=proj_asTv8n50IgDT6JuQRPTzxlBc/day:2026-11-19")
    several = said(capsys, "weekly-cap/org", code=2)
    assert "alerts begin with 'weekly-cap/org'" in several
    assert "\n    weekly-cap/organization/week:2026-11-16\n" in several


def test_names_need_no_capitals_and_the_day_is_the_last_finished_one(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = document(capsys, "--rule", "Project Spikes", "--subject", "document pipeline")
    assert (found["subject"]["name"], found["period"]["start"]) == (
        "Document pipeline",
        "2026-11-19",
    )


def test_a_rule_that_is_off_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    off = "rules: [{name: cap, kind: cap, limit_usd: 1, enabled: false}]\n"
    (tmp_path / "rules.yaml").write_text(off)
    text = said(capsys, "--rule", "cap", "--day", "2026-11-19")
    assert "The rule is off (`enabled: false`): it tells nothing." in text


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
    assert "middle of 6 Thursdays, drawn to weekdays like it: $20.00" in work.formula


def test_planned_money_lifts_a_cap() -> None:
    one = rule(
        "cap",
        limit_usd=100,
        planned=[{"from": "2026-11-19", "until": "2026-11-19", "usd": 50}],
    )
    book = ledger(spend({"11-19": 120}))
    work = worked(one, book, one.subject(book, (None,)), period_of(on("11-19"), Unit.DAY))
    assert work.why_not == "$120.00 is not over $150.00 (100% of the cap of $150.00)"


def test_a_foreseen_step_is_explained_by_the_forecast() -> None:
    one = rule("cap", period="month", limit_usd=400, steps=[100], forecast_steps=[100])
    book = ledger(daily([10.0] * 60 + [20.0] * 19))
    work = worked(one, book, one.subject(book, (None,)), period_of(on("11-19"), Unit.MONTH))
    assert work.formula[3:] == (
        "foreseen $571.20, likely $519.81 to $641.46: $380.00 so far, and for each of 13 days not "
        "settled or to come the mean of the last 6 such weekdays, moved by how the last 6 weeks "
        "ran",
        "a step is foreseen where the middle of $519.81 and $571.20, $545.51, is past it: 100%; "
        "foreseen: 100%",
    )
    young = ledger(daily([10.0] * 5), days=60)
    work = worked(one, young, one.subject(young, (None,)), period_of(on("11-19"), Unit.MONTH))
    assert work.formula[3:] == ("no forecast: only 3 usable days of history, a forecast needs 14",)


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


def test_a_spike_beside_the_rest_of_its_project_is_explained_by_that_rest() -> None:
    traffic = [20.0 * (1 + n * n % 11 / 6) for n in range(84)]
    book = ledger(
        daily([*traffic[:-1], 90.0], project="proj_a", model="gpt-5"),
        daily([*traffic[:-1], 35.0], project="proj_a", model="gpt-5-mini"),
    )
    one = rule("spike", per=["project", "model"])
    (found,) = [each for each in one.judge(book, [on("11-19")]) if isinstance(each, Finding)]
    work = worked(one, book, found.subject, found.period)
    assert (work.observed, work.limit, work.expected) == (
        found.observed,
        found.limit,
        found.expected,
    )
    assert work.formula[-5:] == (
        "the rest of its project: $35.00, usually $30.58, so expected beside it $34.29 = ($30.58 + "
        "$4.98) × 1.10 - $4.98",
        "limit $51.43 = the largest of",
        "  ($34.29 + $4.98) × 1.10^2.75 - $4.98 = $46.02",
        "  1.5 × $34.29 = $51.43",
        "  $34.29 + $5.00 (smallest excess) = $39.29",
    )
    assert work.silence[0] == "a day up to $51.43"


def test_a_dearer_request_is_explained_by_the_weekdays_it_is_judged_by() -> None:
    asked = {str(YESTERDAY - timedelta(days=n)): 1000 for n in range(84)}
    book = ledger(
        daily([30.0] * 83 + [90.0], project="proj_a"),
        used(Additive.REQUESTS, {**asked, "2026-11-05": 10}, project="proj_a"),
    )
    one = rule("spike", per="project", metric="cost_per_request")
    (found,) = [each for each in one.judge(book, [on("11-19")]) if isinstance(each, Finding)]
    work = worked(one, book, project(), period_of(on("11-19"), Unit.DAY))
    assert (work.observed, work.limit, work.expected) == (
        found.observed,
        found.limit,
        found.expected,
    )
    assert work.formula == (
        "usual $0.03: middle of 7 Thursdays, drawn to weekdays like it, moved half-way by the last "
        "week",
        "limit $0.045: about $0.03 × 1.09^2.5, and at least $0.03 × 1.5",
    )
    assert [f"{day.day:%m-%d} {day.why_not}" for day in work.days if day.why_not] == [
        "11-05 fewer than 20 requests"
    ]
    assert work.silence[0] == "a day up to $0.045"


def test_a_day_that_was_never_read_is_unknown_and_not_zero(
    capsys: pytest.CaptureFixture[str],
) -> None:
    early = (*SPIKE, "2026-08-18", "--as-of", "2026-08-19T09:00:00Z")
    days = {day["day"]: day for day in document(capsys, *early)["days"]}
    assert (days["2026-08-11"]["value"], days["2026-08-11"]["state"]) == (None, "missing")
    assert days["2026-08-18"]["value"] is not None
    assert "  2026-08-11  Tue  unknown  missing   not used: missing" in said(capsys, *early)


def test_a_name_is_written_as_it_is() -> None:
    told = {"verdict": "search cost $9.00.", "holds": True}
    assert explaintext._verdict(told) == "search cost $9.00."
    none = {"verdict": "not a spike: no", "holds": False}
    assert explaintext._verdict(none) == "Not a spike: no."


def test_a_drop_is_explained_by_the_usual_it_is_judged_by() -> None:
    book = ledger(daily([40.0 + n % 7 for n in range(80)] + [3.0], project="proj_a"))
    one = rule("drop", per="project")
    found = next(iter(one.judge(book, [on("11-19")])))
    work = worked(one, book, project(), period_of(on("11-19"), Unit.DAY))
    assert isinstance(found, Finding)
    assert (work.observed, work.limit, work.expected) == (
        found.observed,
        found.limit,
        found.expected,
    )
    assert work.silence[0] == f"a day above {USD.text(found.limit or 0)}"


def test_a_drop_is_explained_where_others_share_the_bill() -> None:
    others = daily([9.0] * 81, project="proj_0") + daily([7.0] * 81, project="proj_z")
    book = ledger(daily([40.0] * 80 + [3.0], project="proj_a") + others)
    work = worked(rule("drop", per="project"), book, project(), period_of(on("11-19"), Unit.DAY))
    assert work.formula == (
        "usual $40.00 = the median of 6 Thursdays",
        "a drop at or under $8.00 = 20% of it",
        "Thu 19 Nov 2026: $3.00, 8% of the usual",
    )


def test_a_drop_that_is_none_says_why() -> None:
    one = rule("drop", per="project")

    def why(values: list[float], day: str = "11-19") -> str:
        book = ledger(daily(values, project="proj_a"))
        return worked(one, book, project(), period_of(on(day), Unit.DAY)).why_not

    assert why([40.0] * 81) == "$40.00 is more than $8.00"
    assert why([40.0] * 10) == "usable Thursdays of history: 1; a drop needs 3"
    assert why([4.0] * 80 + [0.0]) == ("its usual day, $4.00, is not worth watching: under $5.00")
    assert why([40.0] * 81, "11-20") == (
        "Fri 20 Nov 2026 is not over: this kind judges finished days only"
    )


@pytest.mark.parametrize("direction", ["up", "down"])
@given(values=st.lists(st.floats(1, 500), min_size=60, max_size=80))
def test_a_drift_is_explained_by_the_numbers_it_is_judged_by(
    direction: str, values: list[float]
) -> None:
    book = ledger(daily(values, project="proj_a"))
    one = rule("drift", per="project", ratio=1.05, min_usd=1, direction=direction)
    work = worked(one, book, project(), period_of(on("11-19"), Unit.DAY))
    found = [o for o in one.judge(book, [on("11-19")]) if isinstance(o, Finding)]
    if found:
        assert (work.observed, work.expected) == (found[0].observed, found[0].expected)
        assert " is under " not in work.why_not.replace("is under the smallest", "")
        assert "half as far" not in work.why_not
    else:
        short = (" is under ", " is over ", " has moved less than half as far")
        assert any(words in work.why_not for words in short)


def test_a_newcomer_is_explained_by_its_first_day_and_its_probe() -> None:
    book = ledger(spend({"11-17": 0.02, "11-19": 90}, api_key="ci"))
    one = rule("new", per="api_key")
    subject = one.subject(book, ("ci",))
    work = worked(one, book, subject, period_of(on("11-19"), Unit.DAY))
    assert work.formula == (
        "$90.00 on Thu 19 Nov 2026",
        "smallest use worth telling: $1.00",
        "first seen on Tue 17 Nov 2026, 2 days before; a newcomer for 14 days",
        "86 settled days of history before that; 14 are needed",
        "highest day since then: $0.02; a probe is at most $1.00",
        "a burst is at least $50.00: the larger of burst_usd and 20 × the highest day since then",
    )
    assert [(f"{day.day:%m-%d}", day.use) for day in work.days] == [
        ("11-17", "since it came"),
        ("11-19", "judged"),
    ]


@pytest.mark.parametrize(
    ("days", "why"),
    [
        ({"11-19": 0.5}, "$0.50 is under the smallest use worth telling, $1.00"),
        ({"11-18": 5, "11-19": 5}, "it was new on Wed 18 Nov 2026, which is told once"),
        ({"10-01": 5, "11-19": 5}, "it has been here since Thu 1 Oct 2026, 49 days"),
        ({}, "nothing before or on Thu 19 Nov 2026"),
    ],
)
def test_a_subject_that_is_not_new_says_why(days: dict[str, float], why: str) -> None:
    book = ledger(spend(days, api_key="ci"), spend({"11-19": 1}, api_key="other"))
    one = rule("new", per="api_key", asleep_days=60)
    subject = one.subject(book, ("ci",))
    work = worked(one, book, subject, period_of(on("11-19"), Unit.DAY))
    assert work.why_not == why


def test_a_drift_is_the_median_of_seven_ratios() -> None:
    week = [80.0, 80.0, 60.0, 400.0, 80.0, 100.0, 80.0]
    book = ledger(daily([40.0] * 82 + week, project="proj_a"))
    work = worked(rule("drift", per="project"), book, project(), period_of(on("11-19"), Unit.DAY))
    assert work.formula[0] == "median of 1.50, 2.00, 2.00, 2.00, 2.00, 2.50, 10.00 = 2.00"
    assert [day.use for day in work.days][3] == "÷ $40.00 = 10.00"
    assert work.silence[0] == "`ratio` above 2.0"
