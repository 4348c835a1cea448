"""A newcomer is told once, at once; a probe and a burst are critical; nothing is new on day one."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from bot.alerts.model import Severity, Skipped
from bot.config.rulebook import load_rulebook
from bot.kinds.new import New
from bot.spend.calendar import DayState
from bot.spend.ledger import Ledger
from bot.spend.metrics import Additive
from tests.build import NOW, Entry, daily, findings, judged, keys, ledger, rule, spend, used, weeks

NAMES = {"project": {"proj_a": "search"}}


def new(**options: Any) -> New:
    made = rule("new", **{"per": "project", **options})
    assert isinstance(made, New)
    return made


def book(amounts: dict[str, float], **options: Any) -> Ledger:
    """An old project that spends daily, and one with the days given."""
    old = daily([10] * 89, project="old")
    return ledger(old, spend(amounts, project="proj_a"), names=NAMES, **options)


def test_a_newcomer_in_words() -> None:
    (found,) = findings(new(), book({"11-19": 41.2}), "11-19", "11-20")
    assert found.key == "new/project=proj_a/day:2026-11-19"
    assert found.headline == "search is new: $41.20 on Thu 19 Nov"
    assert found.why == (
        "search spent $41.20 on Thu 19 Nov 2026, never seen in the 87 settled days of history "
        "before."
    )
    assert found.facts == (
        ("That day", "$41.20"),
        ("First seen", "Thu 19 Nov 2026"),
        ("History before", "87 settled days"),
    )
    assert (found.severity, found.provisional) == (Severity.WARNING, True)


def test_an_open_day_speaks_at_once() -> None:
    (found,) = findings(new(), book({"11-20": 5}))
    assert found.headline == "search is new: $5.00 so far on Fri 20 Nov"
    assert found.why.startswith(
        "search spent $5.00 on Fri 20 Nov 2026 so far, in a day that is not over, never seen"
    )


def test_a_sleeper_in_words() -> None:
    (found,) = findings(new(), book({"10-01": 9, "11-19": 41.2}))
    assert found.headline == "search woke after 48 idle days: $41.20 on Thu 19 Nov"
    assert found.why == (
        "search spent $41.20 on Thu 19 Nov 2026, after 48 idle days; it was last active on "
        "Thu 1 Oct 2026."
    )
    assert found.facts[1:] == (("Woke on", "Thu 19 Nov 2026"), ("Last active", "Thu 1 Oct 2026"))


@pytest.mark.parametrize(
    ("days", "options", "told"),
    [
        ({"11-19": 1}, {}, ["11-19"]),
        ({"11-19": 0.99}, {}, []),
        ({"11-19": -3}, {}, []),
        # The second day is no news; the first day above the floor is, if it comes soon. The
        # alert is that of the first active day.
        ({"11-18": 30, "11-19": 30, "11-20": 30}, {}, ["11-18"]),
        ({"11-17": 0.4, "11-19": 5, "11-20": 30}, {}, ["11-17"]),
        ({"11-06": 0.4, "11-19": 5}, {}, ["11-06"]),
        ({"11-05": 0.4, "11-19": 5}, {}, []),
        # Sleep is counted in whole idle days.
        ({"10-19": 9, "11-19": 9}, {}, ["11-19"]),
        ({"10-20": 9, "11-19": 9}, {}, []),
        ({"11-11": 9, "11-19": 9}, {"asleep_days": 7}, ["11-19"]),
        ({"11-19": 9}, {"planned": [{"from": "2026-11-19", "until": "2026-11-19", "usd": 10}]}, []),
    ],
)
def test_only_the_first_day_above_the_floor_is_told(
    days: dict[str, float], options: dict[str, Any], told: list[str]
) -> None:
    found = findings(new(**options), book(days), "11-17", "11-18", "11-19", "11-20")
    assert [f"{one.period.start:%m-%d}" for one in found] == told


@pytest.mark.parametrize(
    ("days", "told"),
    [
        ({"11-08": 0.5, "11-19": 300}, ["critical"]),
        ({"11-08": 0.5, "11-19": 49}, ["info"]),
        ({"11-08": 1, "11-19": 50}, ["critical"]),
        ({"11-08": 1.2, "11-19": 300}, []),
        ({"11-03": 0.5, "11-19": 300}, []),
        ({"11-08": 0.5, "11-18": 300, "11-19": 400}, []),
        ({"09-01": 7, "11-18": 0.1, "11-19": 300}, ["critical"]),
    ],
)
def test_a_burst_after_a_probe_is_critical(days: dict[str, float], told: list[str]) -> None:
    found = findings(new(severity="info"), book(days), "11-19")
    assert [str(one.severity) for one in found] == told


def test_a_probe_and_a_burst_of_a_key_in_words() -> None:
    key = spend({"11-09": 0.5, "11-20": 300}, api_key="key_1")
    (found,) = findings(new(per="api_key"), ledger(daily([10] * 89, api_key="old"), key))
    assert found.headline == "key_1 burst to $300.00 so far on Fri 20 Nov, after a probe of $0.50"
    assert found.why == (
        "key_1 spent $300.00 on Fri 20 Nov 2026 so far, in a day that is not over, 600× its probe "
        "of $0.50, first seen on Mon 9 Nov 2026, never seen in the 78 settled days of history "
        "before. A stolen key looks like this: revoke it if nobody knows what this is."
    )
    assert ("Probe", "$0.50") in found.facts


def test_a_first_install_calls_nothing_new() -> None:
    assert judged(new(), book({"11-19": 9}, days=15)) == [
        Skipped(
            "new", "every project", "12 settled days of history; to call something new takes 14."
        )
    ]
    assert len(findings(new(), book({"11-19": 9}, days=17))) == 1
    young = book({"11-06": 0.5, "11-19": 300}, days=20)
    assert judged(new(), young, "11-19") == []


def test_days_not_fetched_are_no_sleep_and_no_history() -> None:
    holes = {f"11-{day:02}": DayState.MISSING for day in range(2, 9)}
    assert findings(new(), book({"10-15": 9, "11-19": 9}), "11-19")
    assert not findings(new(), book({"10-15": 9, "11-19": 9}, states=holes), "11-19")
    missing = {"11-19": DayState.MISSING}
    assert judged(new(), book({"11-19": 9}, states=missing), "11-19") == [
        Skipped("new", "every project", "Thu 19 Nov is missing: not fetched whole")
    ]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"11-17": 0.4, "11-18": 0.9, "11-19": 5}, {"11-17": 0.4, "11-18": 1.2, "11-19": 5}),
        ({"11-17": 3, "11-18": 4}, {"11-17": 0.9, "11-18": 4}),
        ({"11-18": 2}, {"11-18": 2, "11-19": 60}),
        ({"09-20": 5, "11-18": 2}, {"09-20": 5, "11-18": 0.5, "11-19": 3}),
    ],
)
def test_a_restated_newcomer_is_the_same_alert(
    before: dict[str, float], after: dict[str, float]
) -> None:
    days = "11-17", "11-18", "11-19", "11-20"
    (first,) = findings(new(), book(before), *days)
    assert keys(findings(new(), book(after), *days)) == [first.key]


@pytest.mark.parametrize(
    ("told", "restated", "options", "same"),
    [
        # What was told as new was taken back; what came after it is no second arrival ...
        ({"11-03": 5}, {"11-18": 0.5, "11-19": 3}, {}, True),
        ({"10-22": 5}, {"11-19": 3}, {}, True),
        # ... until it could have slept in between, as anybody who is told anew has.
        ({"10-19": 5}, {"11-19": 3}, {}, False),
        ({"11-10": 5}, {"11-10": 5, "11-19": 3}, {"asleep_days": 7}, False),
        ({"11-12": 5}, {"11-19": 3}, {"asleep_days": 7}, True),
    ],
)
def test_a_newcomer_whose_old_days_are_taken_back_is_not_new_again(
    told: dict[str, float], restated: dict[str, float], options: dict[str, Any], same: bool
) -> None:
    one, now = new(**options), book(restated)
    (first,) = findings(one, book(told), *told)
    (later,) = findings(one, now, "11-19")
    assert first.key != later.key
    assert one.is_same(later, first, now) is same


def test_days_that_were_not_fetched_are_no_sleep_between_two_arrivals() -> None:
    one, holes = new(), {f"11-{day:02}": DayState.MISSING for day in range(2, 5)}
    (first,) = findings(one, book({"10-19": 5}), "10-19")
    now = book({"11-19": 3}, states=holes)
    (later,) = findings(one, now, "11-19")
    assert one.is_same(later, first, now)


@pytest.mark.parametrize(
    ("dollars", "told"),
    [({"11-18": 10.99}, []), ({"11-18": 11}, ["11-18"]),
     # The alert is of the first day, though only a day after the window is above the floor.
     ({"11-18": 10, "11-20": 1}, []), ({"11-18": 0.5, "11-20": 1}, ["11-18"])],
)  # fmt: skip
def test_planned_money_raises_the_floor_of_its_days_only(
    dollars: dict[str, float], told: list[str]
) -> None:
    window = {"from": "2026-11-17", "until": "2026-11-18", "usd": 10}
    found = findings(new(planned=[window]), book(dollars), "11-18", "11-19", "11-20")
    assert [f"{one.period.start:%m-%d}" for one in found] == told


def test_a_burst_is_told_beside_the_newcomer_it_was_told_as() -> None:
    """Also on the open day on which it was first told as merely new, above the floor."""
    day = "11-20"
    (early,) = findings(new(severity="info"), book({"11-19": 0.5, "11-20": 1.5}), day)
    (late,) = findings(new(severity="info"), book({"11-19": 0.5, "11-20": 300}), day)
    assert (early.severity, late.severity) == (Severity.INFO, Severity.CRITICAL)
    assert [one.key[-10:] for one in (early, late)] == ["2026-11-19", "2026-11-20"]
    assert late.headline == ("search burst to $300.00 so far on Fri 20 Nov, after a probe of $0.50")


def test_a_probe_that_was_told_does_not_hide_the_burst() -> None:
    one = new(min_usd=0.5)
    (probe,) = findings(one, book({"11-19": 0.5}), "11-19", "11-20")
    both = findings(one, book({"11-19": 0.5, "11-20": 300}), "11-19", "11-20")
    assert [found.key == probe.key for found in both] == [True, False]
    assert both[1].severity is Severity.CRITICAL


def test_a_key_that_bursts_in_an_old_project_is_found_by_its_own_days() -> None:
    old = daily([10] * 89, project="old", api_key="k1")
    thief = spend({"11-19": 0.02, "11-20": 900}, project="old", api_key="k2")
    found = findings(new(per="api_key"), ledger(old, thief))
    assert [(one.subject.ids, str(one.severity)) for one in found] == [(("k2",), "critical")]
    assert not findings(new(), ledger(old, thief))


def test_use_without_cost_is_new_for_a_rule_on_requests_only() -> None:
    old = daily([10] * 89, api_key="k1")
    seen = used(Additive.REQUESTS, {"11-19": 4}, api_key="k2")
    assert not findings(new(per="api_key"), ledger(old, seen))
    (found,) = findings(new(per="api_key", metric="requests"), ledger(old, seen))
    assert found.headline == "k2 is new: 4 requests on Thu 19 Nov"


def test_credits_neither_wake_a_subject_nor_hide_that_it_is_known() -> None:
    assert not findings(new(), book({"11-18": -50, "11-19": 0.5}))
    assert not findings(new(), book({"11-01": 9, "11-10": -50, "11-19": 9}))


def test_a_hole_in_the_sleep_that_is_filled_wakes_nobody_again() -> None:
    days: dict[str, float] = {"10-15": 9, "11-19": 9}
    hole = {f"11-{day:02}": DayState.MISSING for day in range(4, 7)}
    (found,) = findings(new(), book(days, states=hole), "11-19")
    assert keys(findings(new(), book(days), "11-19")) == [found.key]
    assert not findings(new(), book({**days, "11-05": 9}), "11-19")


def test_who_is_active_is_not_new_again_when_the_oldest_days_are_pruned() -> None:
    """A history that moves on day by day never calls an old subject new."""
    rare = spend(dict.fromkeys(("08-25", "09-14", "10-04", "10-24", "11-13"), 9), project="proj_a")
    weekdays = weeks_of("old")
    for back in range(40):
        now = NOW - timedelta(days=back)
        for held in (30, 60, 90):
            known = ledger(weekdays, rare, now=now, days=held)
            told = findings(new(asleep_days=25), known, f"{now - timedelta(days=1):%m-%d}")
            assert not told, (now, held)


def weeks_of(project: str) -> list[Entry]:
    return weeks((9, 9, 9, 9, 9, 0, 0), 12, project=project)


def test_pairs_and_volume_can_be_new() -> None:
    requests = used(Additive.REQUESTS, {"11-19": 1}, project="p", model="o3")
    old = used(Additive.REQUESTS, {"10-19": 5, "11-02": 5}, project="p", model="gpt-5")
    one = new(per=["project", "model"], metric="requests")
    (found,) = findings(one, ledger(old, requests))
    assert keys([found]) == ["new/project*model=p*o3/day:2026-11-19"]
    assert found.why.startswith("p × o3 used 1 request on Thu 19 Nov 2026, never seen")


@pytest.mark.parametrize(
    ("options", "said"),
    [({"per": "organization"}, "`new` needs `per`"), ({"metric": "cached_share"}, "adds up"),
     ({"asleep_days": 0}, "greater than or equal to 1")],
)  # fmt: skip
def test_what_cannot_be_new_is_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        new(**options)


def test_the_examples_load() -> None:
    book = load_rulebook(Path(__file__).parents[2] / "rules" / "examples" / "new.yaml")
    assert [one.kind for one in book.rules] == ["new"] * 3
