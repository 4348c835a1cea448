"""`bot backtest` tells what rules would have told, each day judged as it was known then."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.alerts.model import Finding, Outcome, Remark
from bot.backtest import Backtest, backtest, last_judgeable, ledger_of
from bot.cli import run
from bot.kinds import Rule
from bot.kinds.judging import judge
from bot.sources.cookbook import FOLDER as COOKBOOK
from bot.spend.calendar import DayState, Span
from bot.spend.ledger import Ledger, trailing
from tests.build import Entry, at, daily, ledger, on, rule, spend
from tests.snapshots import matches

RULES = """
rules:
  - {name: daily cap, kind: cap, limit_usd: 600, steps: [100, 110]}
  - {name: monthly budget, kind: cap, period: month, limit_usd: 10000, steps: [60, 80]}
  - {name: project spikes, kind: spike, per: project, min_usd: 10}
"""
OTHER = """
rules:
  - {name: daily cap, kind: cap, limit_usd: 650}
  - {name: project spikes, kind: spike, per: project, min_usd: 200}
  - {name: project caps, kind: cap, per: project, limit_usd: 160}
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a configuration of the sample, and two rule files."""
    (tmp_path / "config.yaml").write_text("source: {kind: sample}\nrules: rules.yaml\n")
    (tmp_path / "rules.yaml").write_text(RULES)
    (tmp_path / "other.yaml").write_text(OTHER)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def said(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    assert run(["backtest", *arguments]) == code
    out, err = capsys.readouterr()
    return err if code else out


def document(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(said(capsys, *arguments, "--output", "json"))
    return found


def replayed(book: Ledger, one: Rule, first: str, last: str) -> Backtest:
    days = Span(on(first), on(last) + timedelta(days=1))
    return backtest(book, [one], days, lambda today: trailing(today, 60))


def told(result: Backtest) -> list[tuple[str, float | None]]:
    return [(f"{a.first.day:%m-%d}", a.first.finding.step) for a in result.alerts]


# --- the command


@pytest.mark.usefixtures("home")
def test_the_text_reads_as_written(capsys: pytest.CaptureFixture[str]) -> None:
    matches(said(capsys, "--since", "2026-11-01"), "backtest.txt", __file__)


@pytest.mark.usefixtures("home")
def test_a_comparison_shows_what_only_one_of_two_tells(capsys: pytest.CaptureFixture[str]) -> None:
    text = said(capsys, "--since", "2026-11-01", "--compare", "other.yaml")
    matches(text, "backtest-compare.txt", __file__)


@pytest.mark.usefixtures("home")
def test_the_document_counts_each_alert_once(capsys: pytest.CaptureFixture[str]) -> None:
    found = document(capsys, "--since", "2026-11-16", "--until", "2026-11-19")
    assert (found["from"], found["until"], found["days"]) == ("2026-11-16", "2026-11-19", 4)
    assert found["rules"][0] == {
        "rule": "daily cap",
        "kind": "cap",
        "alerts": 1,
        "per_week": 1.75,
        "subjects": [{"id": None, "name": "the organisation", "alerts": 1}],
    }
    keys = [alert["key"] for alert in found["alerts"]]
    assert len(keys) == len(set(keys))
    cap = next(alert for alert in found["alerts"] if alert["rule"] == "daily cap")
    assert (cap["day"], cap["step"], cap["limit"], cap["unit"]) == ("2026-11-19", 110, "600", "usd")


@pytest.mark.usefixtures("home")
def test_an_alert_of_the_document_has_what_a_finding_of_a_check_has(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = document(capsys, "--since", "2026-11-19")
    cap = next(alert for alert in found["alerts"] if alert["rule"] == "daily cap")
    assert (cap["kind"], cap["severity"], cap["metric"]) == ("cap", "warning", "cost")
    assert run(["check", "--dry-run", "--output", "json"]) == 0
    checked = json.loads(capsys.readouterr().out)["findings"]
    same = next(one for one in checked if one["key"] == cap["key"])
    told_live = {"reason", "causes", "split"}
    assert {name: value for name, value in same.items() if name not in told_live} == {
        name: value for name, value in cap.items() if name in same
    }


@pytest.mark.usefixtures("home")
def test_a_comparison_holds_the_other_document_and_the_differences(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = document(capsys, "--since", "2026-11-16", "--compare", "other.yaml")
    assert {alert["rule"] for alert in found["only_b"]} == {"project caps"}
    assert "daily cap" not in {alert["rule"] for alert in found["only_a"]}  # both tell the 19th
    assert [one["rule"] for one in found["compared"]["rules"]][-1] == "project caps"


@pytest.mark.usefixtures("home")
def test_other_rules_than_the_configured_ones_can_be_replayed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = document(capsys, "--since", "2026-11-19", "--rules", "other.yaml")
    assert [one["rule"] for one in found["rules"]] == [
        "daily cap",
        "project spikes",
        "project caps",
    ]


def test_nothing_is_stored(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = sorted(home.iterdir())
    said(capsys, "--since", "2026-11-18")
    assert sorted(home.iterdir()) == before


def test_a_bill_of_usage_alone_can_be_replayed(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "config.yaml").write_text(
        f"source: {{kind: recording, path: {COOKBOOK}}}\nrules: rules.yaml\n"
    )
    (home / "rules.yaml").write_text(
        "rules: [{name: requests a month, kind: cap, metric: requests, period: month,"
        " limit: 5000}, {name: spikes, kind: spike}]"
    )
    found = document(capsys)
    assert (found["from"], found["until"]) == ("2024-12-17", "2025-01-14")
    assert [(alert["day"], alert["observed"]) for alert in found["alerts"]] == [
        ("2024-12-23", 11689),
        ("2025-01-13", 7412),
    ]
    unseen = [one["why"] for one in found["skipped"] if one["rule"] == "spikes"]
    assert "Tue 14 Jan is missing: not fetched whole" in unseen


@pytest.mark.usefixtures("home")
def test_days_before_the_history_are_not_judged_and_do_not_count(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["backtest", "--since", "2020-01-01", "--output", "json"]) == 0
    out, err = capsys.readouterr()
    begun = "bot: the history begins on 2026-08-12; days before it are not judged\n"
    assert (json.loads(out)["from"], err) == ("2026-08-12", begun)
    assert said(capsys, "--until", "2026-08-01", code=2) == (
        "bot: the history begins on 2026-08-12, after 2026-08-01\n  mind --since and --until\n"
    )


@pytest.mark.usefixtures("home")
def test_days_that_cannot_be_judged_are_a_mistake_of_the_command_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert said(capsys, "--since", "2026-11-20", code=2) == (
        "bot: no day from 2026-11-20 to 2026-11-19 can be judged\n"
        "  the last day that can be judged is 2026-11-19; mind --since and --until\n"
    )


@pytest.mark.usefixtures("home")
def test_a_sample_of_the_time_before_it_begins_has_no_history(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert said(capsys, "--as-of", "2020-01-01T00:00:00Z", code=2) == (
        "bot: there is no history to replay\n  bring some in with `bot fetch --since DAY`\n"
    )


# --- the replay


def test_a_higher_step_is_a_step_of_the_same_alert() -> None:
    book = ledger(daily([10, 10, 10, 10], until=on("11-05")))
    one = rule("cap", period="month", limit_usd=35, steps=[50, 80, 100])
    result = replayed(book, one, "11-01", "11-10")
    assert told(result) == [("11-03", 50)]
    assert [news.finding.step for news in result.alerts[0].steps] == [80, 100]


def test_a_step_that_is_foreseen_is_news_once_and_its_passing_again() -> None:
    book = ledger(daily([10.0] * 60 + [30.0] * 18))
    one = rule("cap", period="month", limit_usd=400, steps=[50, 100], forecast_steps=[100])
    (alert,) = replayed(book, one, "11-01", "11-19").alerts
    news = [alert.first, *alert.steps]
    assert [(each.finding.step, each.finding.forecast_step) for each in news] == [
        (None, 100.0),
        (50.0, 100.0),
        (100.0, None),
    ]
    assert [each.is_foreseen for each in news] == [True, False, False]


def test_a_day_is_judged_without_what_came_later() -> None:
    book = ledger(daily([20.0] * 60, until=on("11-10")), spend({"11-11": 100, "11-12": 900}))
    found = replayed(book, rule("spike"), "11-11", "11-12").alerts
    assert [one.first.day for one in found] == [on("11-11"), on("11-12")]
    alone = replayed(
        ledger(daily([20.0] * 60, until=on("11-10")), spend({"11-11": 100})),
        rule("spike"),
        "11-11",
        "11-11",
    ).alerts
    assert alone[0].first.finding == found[0].first.finding


@pytest.mark.parametrize("kind", ["cap", "spike"])
def test_a_replayed_day_says_what_a_check_of_that_morning_would_have_said(kind: str) -> None:
    bills: list[Entry] = [
        *daily([20.0 + n % 7 for n in range(70)], until=on("11-12"), project="a"),
        *spend({"11-13": 95, "11-14": 240}, project="a"),
        *spend({"11-13": 3, "11-14": 80}, project="b"),
    ]
    one = rule(kind, per="project", **({"limit_usd": 70} if kind == "cap" else {}))
    for day in ("11-13", "11-14"):
        then = at(f"2026-{day} 06:00") + timedelta(days=1)
        known = [entry for entry in bills if entry.day <= on(day)]
        live = list(one.judge(ledger(known, now=then, days=60), [on(day)]))
        past = ledger_of(ledger(bills), on(day), lambda today: trailing(today, 60))
        assert list(one.judge(past, [on(day)])) == live
        assert live


def test_rules_replayed_together_say_what_each_check_would_have_said_alone() -> None:
    bills: list[Entry] = [
        *daily([20.0 + n % 7 * 3 + n % 4 for n in range(150)], project="a"),
        *daily([9.0 + n % 5 for n in range(40)], until=on("11-12"), project="b"),
        *daily([4.0, 0, 0, 11] * 30, project="c"),
        *spend({"10-20": 300, "11-04": 160, "11-15": 90}, project="a"),
    ]
    planned = {"planned": [{"from": "2026-11-03", "until": "2026-11-04", "usd": 100}]}
    month: dict[str, Any] = {"period": "month", "limit_usd": 500, "forecast_steps": [50, 100]}
    rules = [
        rule("cap", name="a", per="project", match={"project": "a"}, **month),
        rule("cap", name="b", per="project", match={"project": ["a", "b"]}, **month),
        rule("cap", name="every", per="project", **month),
        rule("cap", name="planned", per="project", **month, **planned),
        rule("cap", name="week", per="project", **(month | {"period": "week", "limit_usd": 120})),
        rule("cap", name="all", **month),
        rule("drop", name="drops", per="project"),
        rule("spike", name="spikes", per="project"),
    ]
    whole = ledger(bills, days=200, states={"11-06": DayState.MISSING})
    alone = 0
    for day in Span(on("10-28"), on("11-19")):
        past = ledger_of(whole, day, lambda today: trailing(today, 60))
        together = [one for one in judge(rules, past, [day]) if not isinstance(one, Remark)]
        for each in rules:
            then = at(f"{day} 06:00") + timedelta(days=1)
            missing = {"11-06": DayState.MISSING} if day >= on("11-06") else None
            known = [entry for entry in bills if entry.day <= day]
            live = ledger(known, now=then, days=60, states=missing)
            expected = list(each.judge(live, [day]))
            found = [one for one in together if one.rule == each.name]
            assert [_plain(one) for one in found] == [_plain(one) for one in expected], day
            alone += sum(isinstance(one, Finding) and bool(one.foreseen) for one in expected)
    assert alone > 20  # steps that are foreseen, most of them by more than one rule


def _plain(outcome: Outcome) -> Outcome:
    """Without what another rule tells of the same event."""
    return replace(outcome, inhibited_by=None) if isinstance(outcome, Finding) else outcome


def test_days_are_as_settled_as_they_were() -> None:
    past = ledger_of(ledger(), on("11-12"), lambda today: trailing(today, 5))
    assert {f"{day:%m-%d}": state.value for day, state in past.cost_states.items()} == {
        "11-09": "settled",
        "11-10": "settled",
        "11-11": "settling",
        "11-12": "settling",
        "11-13": "open",
    }


def test_a_day_that_is_missing_now_was_missing_then() -> None:
    book = ledger(states={"11-12": DayState.MISSING})
    result = replayed(book, rule("cap", limit_usd=1), "11-11", "11-13")
    assert [(name, count) for name, _, count in result.skipped] == [("cap", 1)]


def test_a_rule_that_matches_sees_only_what_it_is_about() -> None:
    book = ledger(
        spend({"11-11": 90, "11-12": 90}, project="a", model="gpt-5"),
        spend({"11-11": 5, "11-12": 50}, project="a", model="o3"),
    )
    one = rule("cap", limit_usd=40, match={"model": "o3"})
    assert told(replayed(book, one, "11-10", "11-13")) == [("11-12", 100)]


@pytest.mark.parametrize(
    ("now", "last"), [("2026-11-20 05:59", "11-18"), ("2026-11-20 06:00", "11-19")]
)
def test_a_day_can_be_judged_once_its_grace_time_is_over(now: str, last: str) -> None:
    assert last_judgeable(replace(ledger(), now=at(now))) == on(last)


def test_a_year_of_sums_is_read_once() -> None:
    book = ledger(daily([5.0] * 200), days=300)
    one = rule("cap", per="project", limit_usd=100)
    backtest(book, [one], Span(date(2026, 6, 1), on("11-19")), lambda today: trailing(today, 60))
    assert len(book.reader.asked) == 1  # type: ignore[attr-defined]  # a DictReader


# --- by week, as a picture, for a target


@pytest.mark.usefixtures("home")
def test_every_week_has_its_alerts_with_their_sentences(capsys: pytest.CaptureFixture[str]) -> None:
    found = document(capsys, "--since", "2026-11-05")
    weeks = {week["week"]: week for week in found["weeks"]}
    assert list(weeks) == ["2026-W45", "2026-W46", "2026-W47"]
    assert (weeks["2026-W46"]["alerts"], weeks["2026-W46"]["rules"]) == (0, [])
    assert (weeks["2026-W47"]["start"], weeks["2026-W47"]["end"]) == ("2026-11-16", "2026-11-23")
    told = {
        (rule["rule"], subject["name"]): [each["why"] for each in subject["told"]]
        for week in found["weeks"]
        for rule in week["rules"]
        for subject in rule["subjects"]
    }
    assert set(told) == {
        ("daily cap", "the organisation"),
        ("monthly budget", "the organisation"),
    }
    assert told["daily cap", "the organisation"][0].startswith("The organisation spent $676.53 on")
    assert sum(week["alerts"] for week in found["weeks"]) == len(found["alerts"])


@pytest.mark.usefixtures("home")
def test_a_target_proposes_thresholds_that_keep_to_it_when_pasted(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "rules.yaml").write_text(
        "rules:\n"
        "  - {name: daily cap, kind: cap, limit_usd: 520, severity: critical}\n"
        "  - {name: project caps, kind: cap, per: project,\n"
        '     limit_usd: {default: 500, "Customer*": 150}}\n'
    )
    arguments = ("--since", "2026-11-01")
    found = document(capsys, *arguments, "--target", "1 per week")
    assert found["target"]["allowed"] == 2
    assert found["target"]["alerts_now"] == len(found["alerts"]) > 2
    assert found["target"]["alerts_then"] <= 2
    assert found["target"]["reached"] is True
    changes = {one["rule"]: one["changes"] for one in found["proposals"]}
    assert [change["option"] for change in changes["daily cap"]] == ["limit_usd"]
    assert changes["project caps"][0]["to"]["default"] == "500", "nobody was told because of it"
    entries = "".join(one["yaml"].removeprefix("rules:\n") for one in found["proposals"])
    (home / "pasted.yaml").write_text(f"rules:\n{entries}")
    assert "severity: critical" in entries
    again = document(capsys, *arguments, "--rules", "pasted.yaml")
    assert len(again["alerts"]) == found["target"]["alerts_then"]


@pytest.mark.usefixtures("home")
def test_a_target_that_is_kept_needs_no_change(capsys: pytest.CaptureFixture[str]) -> None:
    text = said(capsys, "--since", "2026-11-01", "--target", "2 per day")
    assert "Target: 2 per day\nAlready within it: 2 alerts, at most 38 in these days.\n" in text


@pytest.mark.parametrize("target", ["often", "2", "per week", "0 per week", "2 per year", "-1/day"])
@pytest.mark.usefixtures("home")
def test_what_is_no_target_is_a_mistake_of_the_command_line(
    target: str, capsys: pytest.CaptureFixture[str]
) -> None:
    told = said(capsys, f"--target={target}", code=2)
    assert 'write "2 per week", "1 per day" or "5 per month"' in told


def test_the_picture_is_a_png_where_it_was_asked_for(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said(capsys, "--since", "2026-11-10", "--chart", "pictures/history.png")
    assert (home / "pictures/history.png").read_bytes().startswith(b"\x89PNG")
    assert "the picture is a PNG" in said(capsys, "--chart", "history.pdf", code=2)
