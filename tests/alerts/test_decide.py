"""A finding is news once, and once more for every higher step."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.alerts.decide import Told, decide, message_key
from bot.alerts.model import Reason
from tests.build import finding

KEY = "daily-cap/organization/day:2026-11-19"
STEPS = st.none() | st.sampled_from([12.5, 50.0, 80.0, 99.9999999, 100.0])


@pytest.mark.parametrize(
    ("step", "told", "reason"),
    [
        (None, None, Reason.FIRST),
        (80, None, Reason.FIRST),
        (None, Told(None), Reason.TOLD),
        (80, Told(80), Reason.TOLD),
        (50, Told(80), Reason.TOLD),
        (100, Told(80), Reason.STEP),
        (50, Told(None), Reason.STEP),
        (None, Told(80), Reason.TOLD),
    ],
)
def test_what_is_news(step: float | None, told: Told | None, reason: Reason) -> None:
    assert decide(finding(step=step), told) is reason


@pytest.mark.parametrize(
    ("step", "reason", "news"),
    [
        (None, Reason.FIRST, "first"),
        (80, Reason.FIRST, "step-80"),
        (80.0, Reason.STEP, "step-80"),
        (100, Reason.STEP, "step-100"),
        (33.5, Reason.STEP, "step-33.5"),
        (99.9999999, Reason.STEP, "step-99.9999999"),
        (80, Reason.RESOLVED, "resolved"),
        (80, Reason.RESTATED, "restated"),
        (None, Reason.RESOLVED, "resolved"),
    ],
)
def test_a_message_key_says_what_is_told(step: float | None, reason: Reason, news: str) -> None:
    assert message_key(finding(step=step), reason) == f"{KEY}#{news}"


@given(st.lists(STEPS, max_size=12))
def test_no_history_of_findings_tells_a_step_twice_or_leaves_the_highest_untold(
    steps: list[float | None],
) -> None:
    told: Told | None = None
    sent: list[str] = []
    for step in steps:
        one = finding(step=step)
        reason = decide(one, told)
        if reason.speaks:
            sent.append(message_key(one, reason))
            told = Told(step)
    assert len(sent) == len(set(sent))
    if steps:
        highest = max((s for s in steps if s is not None), default=None)
        assert told is not None
        assert told.step == highest
