"""A newcomer is told once, at once; a probe and a burst are critical; nothing is new on day one."""

from __future__ import annotations

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
from tests.build import daily, findings, judged, keys, ledger, rule, spend, used

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
        # The second day is no news; the first day above the floor is, if it comes soon.
        ({"11-18": 30, "11-19": 30, "11-20": 30}, {}, ["11-18"]),
        ({"11-17": 0.4, "11-19": 5, "11-20": 30}, {}, ["11-19"]),
        ({"11-06": 0.4, "11-19": 5}, {}, ["11-19"]),
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
