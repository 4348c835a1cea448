"""The life of an alert from end to end: told, answered, corrected, resolved, closed.

The small bill is $120 on each finished day and $30 today. Storms and quiet hours too.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from tests.cases.stage import NOW, TODAY, YESTERDAY, Place, at
from tests.fakes import CostRow

CAP = "rules: [{{name: cap, kind: cap, limit_usd: {0}, steps: [50, 80, 100]{1}}}]\n"
TODAY_KEY, YESTERDAY_KEY = (f"cap/organization/day:{day}" for day in (TODAY, YESTERDAY))
REFUNDED = "web search tool calls"


def rules(place: Place, limit: int = 1_000, more: str = "") -> None:
    place.write("rules.yaml", CAP.format(limit, f", {more}" if more else ""))


def check(place: Place, hours: float = 0, code: int = 0) -> dict[str, Any]:
    """The document of a check so many hours after NOW; the fake's clock goes along."""
    place.openai.now = NOW + timedelta(hours=hours)
    return place.document("check", *at(hours), code=code)


def reasons(document: dict[str, Any]) -> list[tuple[str, str]]:
    return [(finding["key"], finding["reason"]) for finding in document["findings"]]


def said(document: dict[str, Any]) -> list[tuple[str, str, str | None]]:
    """Action, news and the parent's news of every message about an alert."""
    return [
        (m["action"], m["key"].rpartition("#")[2], (m["parent"] or "").rpartition("#")[2] or None)
        for m in document["messages"]
        if m["type"] == "alert"
    ]


def status(place: Place, hours: float = 0) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(place.run("status", "--output", "json", *at(hours)).out)
    return found


def test_a_step_is_a_reply_in_the_thread_of_the_first_message(place: Place) -> None:
    rules(place)
    place.spend(500)
    assert said(check(place)) == [("post", "step-50", None)]
    place.spend(600)
    document = check(place, 1)
    assert said(document) == [("reply", "step-100", "step-50"), ("update", "update:1", "step-50")]
    (reply, update) = document["messages"]
    assert "It passed 80% on the way." in json.dumps(reply["blocks"])
    assert "$1,130.00" in update["text"]
    assert said(check(place, 2)) == []


def test_a_restated_day_is_corrected_and_then_resolved_in_the_thread(place: Place) -> None:
    rules(place, 200)
    place.spend(100, YESTERDAY)  # $220: past all steps
    assert reasons(check(place))[0] == (YESTERDAY_KEY, "first")
    place.spend(-50, YESTERDAY)  # $170
    corrected = check(place, 1)
    assert (YESTERDAY_KEY, "restated") in reasons(corrected)
    assert ("reply", "restated", "step-100") in said(corrected)
    place.spend(-100, YESTERDAY)  # $70
    resolved = check(place, 2)
    assert (YESTERDAY_KEY, "resolved") in reasons(resolved)
    (reply,) = (m for m in resolved["messages"] if m["key"] == f"{YESTERDAY_KEY}#resolved")
    assert reply["text"] == (
        "Resolved: The organisation is at $70.00 for Thu 19 Nov 2026 now, after $170.00: rule "
        "“cap” finds nothing any more."
    )
    place.spend(150, YESTERDAY)  # $220 again
    again = check(place, 3)
    assert ("reply", "restated-2", "step-100") in said(again)
    everything = [key for key in place.keys if "#update" not in key]
    assert len(everything) == len(set(everything))


def test_nothing_resolves_from_an_open_day_or_a_missing_one(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules(place)
    place.spend(600)
    check(place)
    place.spend(-600)  # the API shows less of a day that is not over
    assert said(check(place, 1)) == []
    assert reasons(check(place, 1)) == []
    monkeypatch.setenv("OPENAI_ADMIN_KEY", "sk-proj-wrong")
    assert said(check(place, 24, code=4)) == []
    monkeypatch.setenv("OPENAI_ADMIN_KEY", "sk-admin-test")
    assert [alert["state"] for alert in status(place, 24)["firing"]] == ["firing"]
    assert (TODAY_KEY, "resolved") in reasons(check(place, 25))


def test_a_period_that_is_over_and_settled_is_closed_without_a_word(place: Place) -> None:
    rules(place)
    place.spend(600)
    check(place)
    place.openai.costs += [CostRow(TODAY + timedelta(days=n), "1", None, "x", None) for n in (1, 2)]
    for day in (1, 2, 3):
        assert all(action == "update" for action, _, _ in said(check(place, 24 * day)))
    closed = check(place, 96)
    assert said(closed) == [("update", "update:2", "step-50")]
    assert "its period is over and settled" in json.dumps(closed["messages"])
    assert reasons(closed) == []
    assert status(place, 96)["firing"] == []


def test_a_rule_that_is_gone_closes_its_alert_and_says_so_in_its_place(place: Place) -> None:
    rules(place)
    place.spend(600)
    check(place)
    place.write("rules.yaml", "rules: [{name: other, kind: cap, limit_usd: 9000}]")
    document = check(place, 1)
    assert said(document) == [("update", "update:1", "step-50")]
    assert "its rule was removed, renamed or turned off" in json.dumps(document["messages"])


def test_a_snooze_is_silent_until_it_ends_and_then_names_what_happened(place: Place) -> None:
    rules(place)
    place.spend(600)
    check(place)
    ran = place.run("snooze", TODAY_KEY[:10], "4h", *at(0))
    assert (ran.code, ran.err) == (0, "")
    assert "snoozed until 2026-11-20 13:30 UTC" in ran.out
    place.spend(300)
    quiet = check(place, 2)
    assert reasons(quiet) == [(TODAY_KEY, "snoozed")]
    assert [action for action, _, _ in said(quiet)] in ([], ["update"])
    (alert,) = status(place, 2)["firing"]
    assert (alert["state"], alert["snoozed_until"]) == ("snoozed", "2026-11-20T13:30:00+00:00")
    loud = check(place, 4)
    assert reasons(loud) == [(TODAY_KEY, "step")]
    assert ("reply", "step-80", "step-50") in said(loud)
    assert said(check(place, 5)) == []


def test_a_snooze_that_ends_while_nothing_else_happened_says_that_it_still_holds(
    place: Place,
) -> None:
    rules(place)
    place.spend(600)
    check(place)
    place.bot("snooze", TODAY_KEY, "--until", "2026-11-20T10:00:00Z", *at(0))
    document = check(place, 1)
    assert ("reply", "repeat-1", "step-50") in said(document)
    assert document["messages"][0]["text"].startswith(
        "Warning, the snooze is over and it still holds: "
    )
    assert said(check(place, 2)) == []


def test_an_acknowledged_alert_is_not_repeated_and_its_place_names_who_has_it(
    place: Place,
) -> None:
    rules(place, more="repeat_after: 2h")
    place.spend(600)
    check(place)
    assert ("reply", "repeat-1", "step-50") in said(check(place, 2))
    assert place.bot("ack", TODAY_KEY, "--by", "ann", *at(2)) == 0
    assert said(check(place, 5)) == []
    (alert,) = status(place, 5)["firing"]
    assert (alert["state"], alert["acknowledged_by"]) == ("acknowledged", "ann")
    text = place.run("status", *at(5)).out
    assert "acknowledged by ann, firing for 5h, step 50%" in text


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("snooze", "cap/organisation", "4h"), "did you mean 'cap/organization/day:2026-11-20'?"),
        (("snooze", "cap", "4h"), "4 alerts begin with 'cap'"),
        (("snooze", TODAY_KEY), "say how long"),
        (("snooze", TODAY_KEY, "4h", "--off"), "say how long"),
        (("snooze", TODAY_KEY, "soon"), "30m, 4h, 7d or 2w"),
        (("snooze", TODAY_KEY, "--until", "2026-11-20T09:00:00Z"), "ends after now"),
        (("snooze", TODAY_KEY, "99w"), "within a year"),
        (("ack", "nobody"), "no alert 'nobody' is firing"),
    ],
)
def test_a_mistake_in_an_answer_is_explained_and_changes_nothing(
    place: Place, arguments: tuple[str, ...], words: str
) -> None:
    rules(place, 200)
    place.spend(100)
    check(place)
    before = place.bytes_of_database()
    ran = place.run(*arguments, *at(0))
    assert ran.code == 2
    assert words in ran.err
    assert place.bytes_of_database() == before


def test_a_snooze_can_be_ended_early_with_nothing_said(place: Place) -> None:
    rules(place)
    place.spend(600)
    check(place)
    assert place.bot("snooze", TODAY_KEY, "7d", *at(0)) == 0
    assert place.bot("snooze", TODAY_KEY, "0", *at(1)) == 0
    assert status(place, 1)["firing"][0]["state"] == "firing"
    assert reasons(check(place, 1)) == [(TODAY_KEY, "told")]


PER_PROJECT = "rules: [{name: cap, kind: cap, per: project, limit_usd: 10}]\n"


def storm(place: Place, projects: int) -> None:
    place.write("rules.yaml", PER_PROJECT)
    place.openai.costs.clear()
    for n in range(projects):
        place.spend(20 + n, YESTERDAY, f"proj_{n:04}")


def test_a_storm_is_one_message_and_each_alert_lives_on_in_its_thread(place: Place) -> None:
    storm(place, 12)
    document = check(place)
    overview, *members = document["messages"]
    assert overview["key"] == "storm/#llm-costs/warning/2026-11-20T09:30:00Z"
    assert overview["text"].startswith("Warning: 12 new alerts at once. Worst: proj_0011 is over")
    assert "and 2 more in the thread" in json.dumps(overview["blocks"])
    assert {(m["action"], m["parent"]) for m in members} == {("reply", overview["key"])}
    assert len(members) == 12
    place.spend(-15, YESTERDAY, "proj_0000")
    (reply, update) = check(place, 1)["messages"]
    place_of_alert = f"cap/project=proj_0000/day:{YESTERDAY}#step-100"
    assert (reply["action"], reply["parent"]) == ("reply", place_of_alert)
    assert (update["action"], update["parent"]) == ("update", place_of_alert)


def test_what_quiet_hours_held_back_comes_as_one_summary_in_the_morning(place: Place) -> None:
    storm(place, 3)
    place.write("rules.yaml", PER_PROJECT.replace("}]", ', quiet: "08:00-11:00"}]'))
    held = check(place)  # 10:30 in Berlin
    assert [reason for _, reason in reasons(held)] == ["snoozed"] * 3
    assert held["messages"] == []
    assert status(place)["firing"] == []
    morning = check(place, 1)
    overview, *members = morning["messages"]
    assert overview["key"] == "quiet/#llm-costs/2026-11-20T10:30:00Z"
    assert overview["text"].startswith("3 alerts were held back by quiet hours. Worst: proj_0002")
    assert [m["action"] for m in members] == ["reply"] * 3
    assert check(place, 2)["messages"] == []


def test_critical_alerts_may_pass_quiet_hours(place: Place) -> None:
    quiet = 'severity: critical, quiet: {hours: "08:00-11:00", except: critical}'
    rules(place, more=quiet)
    place.spend(600)
    assert said(check(place)) == [("post", "step-50", None)]


def test_a_dry_run_shows_replies_and_updates_and_where_they_go(place: Place) -> None:
    rules(place)
    place.spend(600)
    check(place)
    place.spend(600)
    before = place.bytes_of_database()
    out = " ".join(place.run("check", "--dry-run", *at(1)).out.split())
    assert f"ALERT to #llm-costs, in the thread of {TODAY_KEY}#step-50" in out
    assert f"ALERT in #llm-costs, updates {TODAY_KEY}#step-50" in out
    assert place.bytes_of_database() == before


def test_status_counts_what_fires_and_waits_and_tells_what_runs_next(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules(place)
    place.spend(600)
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-revoked")
    check(place, code=5)
    place.bot("ack", TODAY_KEY, *at(1))
    found = status(place, 2)
    assert found["counts"]["alerts"] == {"acknowledged": 1}
    assert found["counts"]["outbox"]["pending"] == 2
    assert [(e["action"], e["since"]) for e in found["outbox"]] == [
        ("post", "2026-11-20T09:30:00+00:00"),
        ("update", "2026-11-20T10:30:00+00:00"),
    ]
    assert found["next"] == {
        "check": "2026-11-20T11:30:00+00:00",
        "digest": {
            "daily": "2026-11-21T08:00:00+00:00",
            "weekly": "2026-11-23T08:00:00+00:00",
            "monthly": "2026-12-01T08:00:00+00:00",
        },
    }
    assert "waits for 2h" in place.run("status", *at(2)).out


def test_a_month_that_ended_in_a_long_pause_of_the_bot_is_judged_whole(place: Place) -> None:
    place.write(
        "rules.yaml",
        "rules: [{name: cap, kind: cap, period: month, limit_usd: 3000, steps: [50, 100]}]\n",
    )
    place.spend(1_000, TODAY.replace(day=2))
    assert said(check(place)) == [("post", "step-50", None)]
    place.spend(1_000, TODAY.replace(day=29))
    # 20 days later the history of 12 days begins within the month, most of whose money is older.
    document = check(place, 480)
    assert ("reply", "step-100", "step-50") in said(document)
    assert document["skipped"] == []


def test_days_settle_however_few_of_them_are_fetched_again(place: Place) -> None:
    place.edit("history_days: 12", "history_days: 12, refetch_days: 1")
    for day in range(4):
        data = check(place, hours=24 * day)["data"]
    assert (data["missing_days"], data["last_settled_day"]) == ([], "2026-11-20")
    assert list(data["totals"]) == ["2026-11-23"]
