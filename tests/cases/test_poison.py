"""One failing part never stops the others, and is told.

Hostile data where data can do it; where only a bug could, a part of its own kind that raises.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from bot.kinds import KINDS
from bot.kinds.cap import Cap
from bot.messages import digest_charts
from tests.cases.stage import SEARCH, TODAY, YESTERDAY, Place, at
from tests.fakes.openai_rows import Raw, UsageRow


class Poisoned(Cap):
    """A cap that cannot be judged, or explained."""

    def judge(self, *_: Any) -> Iterator[Any]:
        raise ZeroDivisionError("poison")


@pytest.mark.parametrize("amount", [Raw("1e30"), "-1e400", None, Decimal(19_999_999)])
def test_an_absurd_amount_spoils_its_day_only_and_is_told(place: Place, amount: Any) -> None:
    place.spend(amount, YESTERDAY)
    place.spend(amount, YESTERDAY)
    place.spend("250", TODAY)
    found = place.document("check", *at(0), code=4)
    assert "2026-11-19" in found["data"]["missing_days"]
    assert f"day-cap/organization/day:{TODAY}#step-100" in place.keys


def test_amounts_that_only_together_overflow_spoil_their_day_only(place: Place) -> None:
    for n in range(40):
        place.spend(999_999_999, YESTERDAY, f"proj_{n}")
    place.spend("250", TODAY)
    ran = place.run("check", *at(0))
    assert ran.code == 4
    assert "2026-11-19 has amounts of more than $20,000,000 together" in ran.err
    assert f"day-cap/organization/day:{TODAY}#step-100" in place.keys


def test_negative_totals_are_judged_and_told_as_they_are(place: Place) -> None:
    place.spend("-9000000", YESTERDAY)
    place.spend("250", TODAY)
    found = place.document("digest", "--dry-run", *at(0))
    assert "-$8,999,880" in found["messages"][0]["text"]
    assert found["data"]["totals"]["2026-11-19"]["usd"] == "-8999880"


@pytest.mark.parametrize("count", [-(10**30), 9 * 10**17])
def test_an_absurd_count_spoils_its_usage_only(place: Place, count: Any) -> None:
    measures = {"input_tokens": count, "output_tokens": 1, "num_model_requests": 1}
    for _ in range(20):
        place.openai.usage["completions"].append(UsageRow(YESTERDAY, measures, SEARCH, "gpt-5"))
    place.spend("250", TODAY)
    place.run("check", *at(0))
    assert f"day-cap/organization/day:{TODAY}#step-100" in place.keys


@pytest.fixture
def poisoned(place: Place, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A rule kind with a bug, beside the cap."""
    kind = type("Kind", (Poisoned,), {"__annotations__": {"kind": str}, "kind": "poisoned"})
    monkeypatch.setitem(KINDS, "poisoned", kind)
    place.write(
        "rules.yaml",
        "rules:\n"
        "  - {name: day cap, kind: cap, limit_usd: 200, steps: [50, 80, 100]}\n"
        "  - {name: poison, kind: poisoned, limit_usd: 1}\n",
    )
    return place


def test_a_rule_with_a_bug_is_told_after_the_others_and_ends_in_exit_70(poisoned: Place) -> None:
    poisoned.spend("250", TODAY)
    ran = poisoned.run("check", *at(0))
    assert ran.code == 70
    assert f"day-cap/organization/day:{TODAY}#step-100" in poisoned.keys
    assert "poison, the organisation: a bug in the bot stopped this rule" in ran.out
    assert poisoned.run("check", *at(1)).code == 70


def test_a_chart_with_a_bug_is_left_out_and_the_digest_goes(
    place: Place, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def poison(_scene: Any) -> Any:
        raise ZeroDivisionError("poison")

    monkeypatch.setitem(digest_charts._PLOTS, "cost-per-day", poison)
    ran = place.run("digest", *at(0))
    assert ran.code == 70
    assert "the chart cost-per-day could not be made: a bug in the bot" in caplog.text
    assert [key for key in place.keys if key.startswith("digest:")]
