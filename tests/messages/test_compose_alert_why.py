"""What an alert says below its opening: why, whom to ask, where the numbers are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from bot.alerts.decide import Circumstances, verdict
from bot.alerts.model import Dimension, Finding, Subject
from bot.messages.blockkit import blocks
from bot.messages.compose_alert import Address, compose_alert
from bot.messages.model import Lines, Message, Span
from bot.spend.split import Contributor, Split
from tests.build import NOW, finding, project
from tests.fakes.blockkit import problems

CAUSES = (
    "+$46.50 against a usual Thursday: 150% more requests (+$46.50).",
    "Most of it: model gpt-5 +$46.50, key ci-key +$46.50.",
)
SPLIT = Split(
    "a usual Thursday",
    77_500_000_000,
    31_000_000_000,
    contributors=(
        Contributor("model", "gpt-5", "gpt-5", 46_500_000_000, 1.0),
        Contributor("api_key", "k1", "ci-key", 46_500_000_000, 1.0),
    ),
)


def alert(**of: Any) -> Message:
    return first(finding(project(), **{"causes": CAUSES, "split": SPLIT, **of}))


def first(one: Finding) -> Message:
    """The message that tells it for the first time."""
    found = verdict(one, None, Circumstances(NOW, one.period.last_day))
    return compose_alert(found, Address("#ops", None, NOW))


def paragraphs(message: Message) -> list[list[str]]:
    lines = [block.lines for block in message.blocks if isinstance(block, Lines)]
    return [
        ["".join(piece.text for piece in line if isinstance(piece, Span)) for line in some]
        for some in lines
    ]


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("cap", "ask who runs key ci-key; if it is meant to be, raise the rule's limit."),
        (
            "spike",
            "ask who runs key ci-key; if it was planned, add it to the rule's `planned` days.",
        ),
        (
            "drift",
            "ask who runs key ci-key; if it was planned, add it to the rule's `planned` days.",
        ),
        ("drop", "see whether key ci-key still runs."),
        ("new", "ask who runs key ci-key."),
    ],
)
def test_the_causes_come_before_the_way_out_and_the_command(kind: str, said: str) -> None:
    key = "daily-cap/project=proj_a/day:2026-11-19"
    assert paragraphs(alert(kind=kind))[1] == [
        " ".join(CAUSES),
        f"What now: {said} The numbers: bot explain {key}",
    ]


def test_a_new_key_that_nobody_owns_is_to_be_revoked() -> None:
    key = Subject((Dimension.API_KEY,), ("k9",), ("k9",))
    message = first(finding(key, kind="new"))
    said = "What now: ask who owns it; if nobody does, revoke it. The numbers: bot explain "
    assert paragraphs(message)[1][0].startswith(said)


def test_without_causes_there_is_still_a_way_out() -> None:
    (only,) = paragraphs(alert(causes=(), split=None))[1]
    assert only.startswith("What now: ask who runs search; if it is meant to be")


def test_the_notification_says_who_how_much_and_compared_to_what_first() -> None:
    message = alert()
    assert message.summary == "Warning: The organisation spent $41.20."


def test_hostile_causes_are_escaped_and_fit_into_slack() -> None:
    bad = "<!channel> & *x* `y`"
    causes = (f"+$1.00 to {bad}: {'x' * 400}", f"Most of it: key {bad} +$1.00.")
    shown = blocks(alert(causes=causes))
    assert problems(shown) == []
    assert not any("<!channel>" in text for text in _markup(shown))


def _markup(node: Any) -> Iterator[str]:
    """The texts in which Slack would read markup; those of rich text it takes literally."""
    if isinstance(node, dict):
        if node.get("type") == "mrkdwn":
            yield node["text"]
        node = list(node.values())
    if isinstance(node, list):
        for part in node:
            yield from _markup(part)
