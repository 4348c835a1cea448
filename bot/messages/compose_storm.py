"""Many new alerts in one message: the worst by name, each of them in its thread."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from bot.alerts.storm import Group
from bot.messages.compose_alert import OPENING, Address, called, compose_alert
from bot.messages.model import (
    Action,
    Block,
    Header,
    Instant,
    Line,
    Lines,
    Message,
    MessageType,
    Note,
    Piece,
    Span,
    Style,
)

NAMED = 10
"""How many alerts of a storm its overview names, and how many people it calls."""


def compose_overview(group: Group, to: Address, mentions: Mapping[str, str]) -> Message:
    """The message that stands for all of the group. `mentions`: alert key -> who is called."""
    summary = f"{_headline(group)}. Worst: {group.verdicts[0].finding.headline}"
    return Message(
        key=group.key(to.now),
        type=MessageType.ALERT,
        channel=group.channel,
        summary=summary,
        blocks=tuple(_blocks(group, to, mentions)),
        also_keys=tuple(verdict.key for verdict in group.verdicts),
    )


def compose_members(group: Group, to: Address, mentions: Mapping[str, str]) -> list[Message]:
    """A reply for each alert in the overview's thread: from then on the alert's place.

    Who is called by the overview is not called again.
    """
    parent = group.key(to.now)
    above = set(_callees(mentions))
    messages = []
    for verdict in group.verdicts:
        who = mentions.get(verdict.finding.key)
        one = compose_alert(verdict, replace(to, mention=None if who in above else who))
        messages.append(replace(one, action=Action.REPLY, parent=parent))
    return messages


def _blocks(group: Group, to: Address, mentions: Mapping[str, str]) -> Iterator[Block]:
    yield Header(_headline(group))
    if people := _callees(mentions):
        yield Lines((_call(people),))
    named = group.verdicts[:NAMED]
    yield Lines(tuple((Span(one.finding.headline),) for one in named), bullets=True)
    if more := len(group.verdicts) - len(named):
        yield Lines(((Span(f"and {more:,} more in the thread", Style.BOLD),),))
    yield Note(_small_print(to))


def _headline(group: Group) -> str:
    number = len(group.verdicts)
    if group.severity is None:
        return f"{number:,} alerts were held back by quiet hours"
    return f"{OPENING[group.severity]}: {number:,} new alerts at once"


def _callees(mentions: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(mentions.values()))[:NAMED]


def _call(people: tuple[str, ...]) -> Line:
    pieces: list[Piece] = []
    for who in people:
        pieces += [*called(who), Span(" ")]
    return tuple(pieces[:-1])


def _small_print(to: Address) -> Line:
    return (
        Span("Each alert goes on in this thread · data as of "),
        Instant(to.now),
        Span(" · these alerts do not stop any spend"),
    )
