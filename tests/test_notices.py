"""What the bot says of its own sight, and when."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from zoneinfo import ZoneInfo

import pytest
from rich.console import Console

from bot.messages.compose_notice import broken_configuration
from bot.messages.model import Message
from bot.messages.text import render
from bot.notices import Sight, judge_sight
from bot.sources.base import Cause, FetchFailure
from bot.spend.calendar import Span
from bot.store.pulses import Pulse
from tests.build import NOW, TODAY


def shown(message: Message) -> str:
    out = StringIO()
    render(message, Console(file=out, width=80, markup=False, highlight=False, emoji=False))
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines() if line.strip())


BERLIN = ZoneInfo("Europe/Berlin")
HOUR = timedelta(hours=1)
REFUSED = FetchFailure(
    "costs",
    Span(TODAY, TODAY + timedelta(days=1)),
    "costs: this is a project key; costs need an admin key (401)",
    "An owner makes one under Settings → Organization → Admin keys.",
    cause=Cause.ACCESS,
)
AWAY = FetchFailure(
    "costs", Span(TODAY, TODAY + timedelta(days=1)), "costs: the server went silent", None,
    cause=Cause.AWAY,
)  # fmt: skip


def sight(*failures: FetchFailure, known: Pulse | None = None, hours: float = 0) -> Sight:
    return judge_sight(failures, known, NOW + hours * HOUR, BERLIN, "#llm-costs")


def keys(found: Sight) -> list[str]:
    return [message.key for message in found.messages]


def test_a_refused_key_is_told_at_once_and_once_a_day() -> None:
    first = sight(REFUSED)
    assert (first.since, first.told, keys(first)) == (NOW, True, ["notice:blind:access:2026-11-20"])
    known = Pulse(NOW, "told")
    assert keys(sight(REFUSED, known=known, hours=5)) == ["notice:blind:access:2026-11-20"]
    assert keys(sight(REFUSED, known=known, hours=14)) == ["notice:blind:access:2026-11-21"]


def test_a_network_that_is_away_for_a_while_is_not_told() -> None:
    assert sight(AWAY) == Sight(NOW, told=False)
    assert sight(AWAY, known=Pulse(NOW, ""), hours=2.9) == Sight(NOW, told=False)
    long = sight(AWAY, known=Pulse(NOW, ""), hours=3)
    assert (long.since, long.told, keys(long)) == (NOW, True, ["notice:blind:away:2026-11-20"])


def test_that_it_sees_again_is_told_once_and_only_if_people_heard_that_it_did_not() -> None:
    assert sight() == sight(known=Pulse(NOW, ""), hours=1) == Sight(None, told=False)
    again = sight(known=Pulse(NOW, "told"), hours=30)
    assert (again.since, keys(again)) == (None, ["notice:sight:2026-11-20T09:00:00+00:00"])


def test_two_causes_are_two_notices_and_the_same_sentence_is_one() -> None:
    broken = FetchFailure("usage/images", REFUSED.days, "usage/images: no `data`")
    found = sight(REFUSED, REFUSED, broken)
    assert keys(found) == ["notice:blind:access:2026-11-20", "notice:blind:contract:2026-11-20"]


BROKEN = broken_configuration(
    fingerprint="ab12",
    problems=[f"config.yaml:{n}: 'chekc' is not a setting" for n in range(1, 8)],
    good_since=NOW,
    channel="#llm-costs",
)


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (
            sight(REFUSED).messages[0],
            """
NOTICE to #llm-costs
I cannot see the bill
costs: this is a project key; costs need an admin key (401)
An owner makes one under Settings → Organization → Admin keys.
Until this is mended an overspend may go unnoticed. What I knew before is still
checked.
Not whole since 20 Nov 2026 09:00 UTC · said once a day""",
        ),
        (
            sight(known=Pulse(NOW, "told"), hours=30).messages[0],
            """
NOTICE to #llm-costs
I can see the bill again
The days in between were read and checked.
Not whole from 20 Nov 2026 09:00 UTC until 21 Nov 2026 15:00 UTC""",
        ),
        (
            BROKEN,
            """
NOTICE to #llm-costs
The configuration cannot be used
It has 7 mistakes; I go on with the last good one.
• config.yaml:1: 'chekc' is not a setting
• config.yaml:2: 'chekc' is not a setting
• config.yaml:3: 'chekc' is not a setting
• config.yaml:4: 'chekc' is not a setting
• config.yaml:5: 'chekc' is not a setting
• and 2 more
The last good one was read 20 Nov 2026 09:00 UTC · `bot config validate` tells
all""",
        ),
    ],
)
def test_the_words(message: Message, text: str) -> None:
    assert shown(message) == text.strip()
