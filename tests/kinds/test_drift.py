"""A drift is a week that cost far more than its weekdays did weeks ago, told once an episode."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from bot.alerts.model import Skipped
from bot.config.rulebook import load_rulebook
from bot.kinds.drift import Drift, _episode_start
from bot.spend.calendar import DayState
from bot.spend.ledger import Ledger
from bot.spend.metrics import Additive
from tests.build import (
    YESTERDAY,
    Entry,
    at,
    daily,
    findings,
    judged,
    keys,
    ledger,
    on,
    rule,
    used,
    weeks,
)


def drift(**options: Any) -> Drift:
    made = rule("drift", **{"per": "project", **options})
    assert isinstance(made, Drift)
    return made


def stepped(before: float, now: float, since: int) -> list[Entry]:
    """A project that costs so much a day, and another sum on the last days until yesterday."""
    return daily([before] * (89 - since) + [now] * since, project="search")


def test_a_drift_in_words() -> None:
    (found,) = findings(drift(), ledger(stepped(100, 160, 7)), "11-17", "11-18", "11-19", "11-20")
    assert found.key == "drift/project=search/day:2026-11-16"
    assert found.headline == ("search drifts up: about 1.6× 3 to 5 weeks ago, now $160.00 a day")
    assert found.why == (
        "For the 7 days to Thu 19 Nov 2026 search has cost about 1.6× what the same weekdays cost "
        "3 to 5 weeks before (on average $100.00 a day before, $160.00 a day now)."
    )
    assert found.facts == (
        ("Last 7 days", "$160.00 a day"),
        ("3 to 5 weeks before", "$100.00 a day"),
        ("Ratio", "1.6×"),
        ("Since", "Mon 16 Nov 2026"),
    )
    assert (found.observed, found.expected) == (160 * 10**9, 100 * 10**9)
    assert found.provisional


@pytest.mark.parametrize(
    ("before", "now", "options", "told"),
    [
        (100, 150, {}, True),
        (100, 149, {}, False),
        (100, 149, {"ratio": 1.4}, True),
        (8, 13, {}, True),
        (8, 12.9, {}, False),
        (8, 12.9, {"min_usd": 4}, True),
        (100, 66, {"direction": "down"}, True),
        (100, 67, {"direction": "down"}, False),
        (100, 0, {"direction": "down"}, True),
        (100, 160, {"direction": "down"}, False),
        (100, 40, {}, False),
        (0, 160, {}, False),
    ],
)
def test_how_far_is_a_drift(before: float, now: float, options: dict[str, Any], told: bool) -> None:
    assert bool(findings(drift(**options), ledger(stepped(before, now, 7)), "11-19")) is told


def test_a_small_part_of_a_large_organisation_is_not_told() -> None:
    large = daily([10_000] * 89, project="other")
    assert not findings(drift(), ledger(stepped(100, 160, 7), large))
    assert findings(drift(), ledger(stepped(100, 400, 7), large))


def test_three_spikes_are_no_drift() -> None:
    spiky = daily([100] * 83 + [900, 100, 900, 100, 900, 100], project="search")
    assert not findings(drift(), ledger(spiky))


def test_a_team_of_weekdays_drifts_over_the_weekend_too() -> None:
    old = weeks((100, 100, 100, 100, 100, 0, 0), 12, project="search")
    grown = [Entry(e.day, 170, e.of) if e.day > on("11-08") else e for e in old]
    found = findings(drift(), ledger(grown), "11-14", "11-15", "11-16", "11-19")
    assert keys(found) == ["drift/project=search/day:2026-11-11"]


def episode(low: tuple[str, ...] = ()) -> Ledger:
    grown = stepped(100, 170, 14)
    states = dict.fromkeys(low, DayState.MISSING)
    return ledger(grown, states=states)


def test_an_episode_keeps_its_key_from_day_to_day() -> None:
    grown = stepped(100, 170, 14)
    for day in ("11-10", "11-12", "11-15", "11-18", "11-20"):
        book = ledger(grown, now=at(f"2026-{day} 09:00"))
        days = [f"{each:%m-%d}" for each in list(book.span)[-4:]]
        assert keys(findings(drift(), book, *days)) == ["drift/project=search/day:2026-11-09"]


def test_a_few_days_do_not_end_an_episode_and_a_week_does() -> None:
    complete = np.ones(90, dtype=bool)
    held = np.array([60 <= n < 90 and not 73 <= n < 79 for n in range(90)])
    start = on("08-23")
    assert _episode_start(held, complete, 89, start) == start + timedelta(days=60)
    held[79] = False
    assert _episode_start(held, complete, 89, start) == start + timedelta(days=80)
    complete[75] = False
    assert _episode_start(held, complete, 89, start) == start + timedelta(days=60)


def test_a_drift_of_most_days_that_the_average_day_does_not_share_is_none() -> None:
    """Four cheap days at twice their past, and three dear ones as ever."""
    before, now = [20, 20, 20, 20, 300, 300, 300], [40, 40, 40, 40, 290, 290, 290]
    spent = daily([*before * 12, *now], project="search")
    assert not findings(drift(), ledger(spent), "11-19")
    rising = daily([*before * 12, *now[:4], 420, 420, 420], project="search")
    assert findings(drift(), ledger(rising), "11-19")


def test_an_endless_creep_is_told_once_a_month() -> None:
    creep = [100 * 1.02**n for n in range(140)]
    told: dict[str, None] = {}
    for back in range(44, -1, -1):
        now = at("2026-11-20 09:00") - timedelta(days=back)
        book = ledger(daily(creep, project="search"), now=now)
        day = f"{now - timedelta(days=1):%m-%d}"
        told |= dict.fromkeys(keys(findings(drift(), book, day)))
    assert list(told) == [
        "drift/project=search/day:2026-10-01",
        "drift/project=search/day:2026-11-01",
    ]


def test_days_that_cannot_be_judged_do_not_end_an_episode() -> None:
    assert keys(findings(drift(), episode(("11-12", "11-13", "11-14")), "11-19")) == [
        "drift/project=search/day:2026-11-09"
    ]


def test_what_is_not_finished_or_missing_is_not_judged() -> None:
    book = ledger(stepped(100, 160, 7), states={"11-19": DayState.MISSING})
    assert judged(drift(), book, "11-19", "11-20") == [
        Skipped("drift", "every project", "Thu 19 Nov is missing: not fetched whole")
    ]
    assert not findings(drift(), ledger(stepped(100, 160, 7)), "11-20")


def test_a_young_history_is_said() -> None:
    assert judged(drift(), ledger(stepped(100, 160, 7), days=30), "11-19") == [
        Skipped("drift", "every project", "27 settled days of history; a drift needs 5 weeks.")
    ]


def test_a_dearer_request_is_a_drift_of_a_ratio() -> None:
    requests = {f"{e.day:%m-%d}": 1000 for e in daily([1] * 89, until=YESTERDAY)}
    book = ledger(stepped(10, 20, 7), used(Additive.REQUESTS, requests, project="search"))
    (found,) = findings(drift(metric="cost_per_request"), book, "11-19")
    assert found.why == (
        "For the 7 days to Thu 19 Nov 2026 the cost per request of search has been about 2.0× that "
        "of the same weekdays 3 to 5 weeks before (on average $0.01 before, $0.02 now)."
    )
    assert found.headline == (
        "search's cost per request drifts up: about 2.0× 3 to 5 weeks ago, now $0.02"
    )
    assert found.observed == pytest.approx(20_000_000)
    assert not findings(drift(metric="cost_per_request", min_usd=30), book, "11-19")


@pytest.mark.parametrize(
    ("options", "said"),
    [({"ratio": 1}, "greater than 1"), ({"direction": "sideways"}, "'up' or 'down'")],
)
def test_what_cannot_be_a_drift_is_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        drift(**options)


def test_the_examples_load() -> None:
    book = load_rulebook(Path(__file__).parents[2] / "rules" / "examples" / "drift.yaml")
    assert [one.kind for one in book.rules] == ["drift"] * 4
