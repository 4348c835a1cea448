"""A model that stands out of a restless project is found beside the project's rest."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import numpy as np

from bot.kinds.spike import Spike
from bot.spend.ledger import Ledger
from tests.build import YESTERDAY, Entry, findings, ledger, rule

TRAFFIC = np.exp(np.random.default_rng(8).normal(0, 0.45, 84)).tolist()
TRAFFIC[-2:] = [1.0, 1.0]


def spike(**options: Any) -> Spike:
    made = rule("spike", per=["project", "model"], **options)
    assert isinstance(made, Spike)
    return made


def model(
    name: str, dollars: float, traffic: Sequence[float] = TRAFFIC, **at: float
) -> list[Entry]:
    """A model of the project whose days follow the traffic, yesterday's being as it is said."""
    first = YESTERDAY - timedelta(days=len(traffic) - 1)
    days = [round(dollars * each, 2) for each in traffic]
    days[-1] = at.get("yesterday", days[-1])
    of = {"project": "search", "model": name}
    entries = [Entry(first + timedelta(days=n), each, of) for n, each in enumerate(days) if each]
    return [
        *entries,
        *(Entry(YESTERDAY + timedelta(days=1), at["today"], of) for _ in at if "today" in at),
    ]


def restless(gpt: float, rest: float = 30) -> Ledger:
    return ledger(model("gpt-5", 40, yesterday=gpt), model("gpt-5-mini", 30, yesterday=rest))


def test_a_rise_that_is_normal_for_the_project_is_told_when_the_rest_did_not_rise() -> None:
    (found,) = findings(spike(), restless(gpt=100), "11-19")
    assert found.headline == "search × gpt-5 cost $100.00 on Thu 19 Nov, 2.1× its usual Thursday"
    assert found.why == (
        "search × gpt-5 cost $100.00 on Thu 19 Nov 2026, 2.1× its usual Thursday ($48.06). Over "
        "the last 8 weeks it normally swings about +10% beside the rest of search, which was at "
        "$30.00, usually $36.05; anything up to $72.09 would have been fine."
    )
    assert found.facts[2:] == (
        ("Above it by", "$51.94"),
        ("Fine up to", "$72.09"),
        ("Normal swing", "+10%"),
        ("Rest of search", "$30.00, usually $36.05"),
    )


def test_a_rise_of_all_models_is_none_of_one_of_them() -> None:
    assert findings(spike(), restless(gpt=100, rest=75), "11-19") == []


def test_the_project_by_itself_knows_of_no_rise() -> None:
    assert findings(rule("spike", per="project"), restless(gpt=100), "11-19") == []


def test_the_usual_cost_is_no_rise_while_the_others_fall() -> None:
    assert findings(spike(), restless(gpt=50, rest=2), "11-19") == []


def test_a_model_alone_in_its_project_is_judged_by_itself() -> None:
    assert findings(spike(), ledger(model("gpt-5", 40, yesterday=100)), "11-19") == []


def test_what_a_day_that_is_not_over_shows_of_the_rest_may_still_come() -> None:
    book = ledger(model("gpt-5", 40, today=100), model("gpt-5-mini", 30, today=2))
    assert findings(spike(), book, "11-20") == []


def test_a_planned_window_raises_this_limit_too() -> None:
    planned = [{"from": "2026-11-19", "until": "2026-11-19", "usd": 60}]
    assert findings(spike(planned=planned), restless(gpt=100), "11-19") == []
