"""What the bot says of itself: that it cannot see, that it can again, that its files are broken."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from hashlib import sha256

from bot.messages.model import Block, Header, Instant, Lines, Message, MessageType, Note, Span

MOST_MISTAKES = 5
"""How many mistakes of a configuration, or rules, a notice lists."""


def cannot_see(
    *, cause: str, day: date, since: datetime, told: Sequence[tuple[str, str | None]], channel: str
) -> Message:
    """The bill cannot be read; said once a day for each cause.

    `day` is the local date it is said on; `told` are the sentences, each with its way out.
    """
    sentence, hint = told[0]
    lines = [(Span(sentence),), *([(Span(hint),)] if hint else [])]
    others = f" {len(told) - 1} more went wrong; `bot status` shows them." if len(told) > 1 else ""
    meanwhile = "Until this is mended an overspend may go unnoticed."
    still = f"What I knew before is still checked.{others}"
    return Message(
        key=f"notice:blind:{cause}:{day.isoformat()}",
        type=MessageType.NOTICE,
        channel=channel,
        summary=f"I cannot see the bill: {sentence}",
        blocks=(
            Header("I cannot see the bill"),
            Lines(tuple(lines)),
            Lines(((Span(f"{meanwhile} {still}"),),)),
            _since("Not whole since ", since, " · said once a day"),
        ),
    )


def see_again(*, since: datetime, now: datetime, channel: str) -> Message:
    """The bill can be read again, after a time of which people had heard."""
    text = "I can see the bill again. The days in between were read and checked."
    return Message(
        key=f"notice:sight:{since.isoformat(timespec='seconds')}",
        type=MessageType.NOTICE,
        channel=channel,
        summary=text,
        blocks=(
            Header("I can see the bill again"),
            Lines(((Span("The days in between were read and checked."),),)),
            Note((Span("Not whole from "), Instant(since), Span(" until "), Instant(now))),
        ),
    )


def broken_configuration(
    *, fingerprint: str, problems: Sequence[str], good_since: datetime, channel: str
) -> Message:
    """An edit that cannot be used; said once for the same content (`fingerprint`)."""
    many = len(problems)
    mistakes = "a mistake" if many == 1 else f"{many} mistakes"
    rest = [(Span(f"and {many - MOST_MISTAKES} more"),)] if many > MOST_MISTAKES else []
    blocks: tuple[Block, ...] = (
        Header("The configuration cannot be used"),
        Lines(((Span(f"It has {mistakes}; I go on with the last good one."),),)),
        Lines((*((Span(text),) for text in problems[:MOST_MISTAKES]), *rest), bullets=True),
        _since("The last good one was read ", good_since, " · `bot config validate` tells all"),
    )
    return Message(
        key=f"notice:config:{fingerprint}",
        type=MessageType.NOTICE,
        channel=channel,
        summary=f"The configuration has {mistakes}; I go on with the last good one: {problems[0]}",
        blocks=blocks,
    )


def not_judged(*, rules: Sequence[str], code: str, channel: str) -> Message:
    """Rules in US dollars, and a bill in another currency; said once for the same rules.

    `rules` are sentences, one for each, with its way out.
    """
    many = len(rules)
    who = "A rule is" if many == 1 else f"{many} rules are"
    rest = [(Span(f"and {many - MOST_MISTAKES} more"),)] if many > MOST_MISTAKES else []
    told = sha256("\n".join(rules).encode("utf-8", "surrogatepass")).hexdigest()[:12]
    text = f"{who} in US dollars, and this bill is in {code}: not judged."
    return Message(
        key=f"notice:currency:{code}:{told}",
        type=MessageType.NOTICE,
        channel=channel,
        summary=text,
        blocks=(
            Header("Rules in US dollars are not judged"),
            Lines(((Span(f"{text} Until this is mended an overspend may go unnoticed."),),)),
            Lines((*((Span(rule),) for rule in rules[:MOST_MISTAKES]), *rest), bullets=True),
            Note((Span("Said once · `bot doctor` tells all"),)),
        ),
    )


def _since(before: str, at: datetime, after: str) -> Note:
    return Note((Span(before), Instant(at), Span(after)))
