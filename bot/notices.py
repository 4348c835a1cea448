"""What the bot says of its own sight: that it cannot see the bill, and that it can again.

Whether people hear of it is decided here, by what is remembered; the words are `compose_notice`'s.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.engine import Connection

from bot.alerts.model import Skipped
from bot.messages.compose_notice import cannot_see, not_judged, see_again
from bot.messages.model import Message
from bot.sources.base import Cause, FetchFailure
from bot.spend.names import clean
from bot.store.database import Database
from bot.store.outbox import Outbox
from bot.store.pulses import Pulse, noted, read, removed
from bot.store.tallies import BLIND

PATIENCE = timedelta(hours=3)
"""How long a network may be away before people hear of it; a refused key they hear of at once."""
_TOLD = "told"


@dataclass(frozen=True, slots=True)
class Sight:
    """What is to be said and remembered of whether the bot can see.

    `since`: when it was blind first, None if it sees. `told`: people have heard of it.
    """

    since: datetime | None
    told: bool
    messages: tuple[Message, ...] = ()


def judge_sight(
    failures: Sequence[FetchFailure],
    known: Pulse | None,
    now: datetime,
    zone: ZoneInfo,
    channel: str,
) -> Sight:
    """Pure. `failures` leave a part of the bill unread; `known` is the pulse of the last run."""
    told = known is not None and known.detail == _TOLD
    if not failures:
        if known is None or not told:
            return Sight(None, told=False)
        return Sight(None, False, (see_again(since=known.at, now=now, channel=channel),))
    since = known.at if known else now
    messages = [
        cannot_see(
            cause=cause.value,
            day=now.astimezone(zone).date(),
            since=since,
            told=_sentences(failures, cause),
            channel=channel,
        )
        for cause in dict.fromkeys(failure.cause for failure in failures)
        if cause is not Cause.AWAY or now - since >= PATIENCE
    ]
    return Sight(since, told or bool(messages), tuple(messages))


def _sentences(failures: Sequence[FetchFailure], cause: Cause) -> list[tuple[str, str | None]]:
    """What went wrong for one cause, each sentence once."""
    return list(dict.fromkeys((f.message, f.hint) for f in failures if f.cause is cause))


def tell_sight(
    database: Database,
    failures: Sequence[FetchFailure],
    now: datetime,
    zone: ZoneInfo,
    channel: str,
) -> list[Message]:
    """Puts what is news into the outbox and remembers it, together; returns the new messages."""
    outbox = Outbox(database)
    with database.writing() as connection:
        sight = judge_sight(failures, read(connection, BLIND), now, zone, channel)
        _remember(connection, sight)
        return [message for message in sight.messages if outbox.add(connection, message, now)]


def tell_unfit(
    database: Database, unfit: Sequence[Skipped], code: str, now: datetime, channel: str
) -> list[Message]:
    """Puts it into the outbox, if it is news that these rules are not judged for a bill in that
    currency: a digest may be a day away, or turned off."""
    if not unfit:
        return []
    rules = [f"{clean(one.rule, 100)}: {one.why}" for one in unfit]
    message = not_judged(rules=rules, code=code, channel=channel)
    with database.writing() as connection:
        return [message] if Outbox(database).add(connection, message, now) else []


def _remember(connection: Connection, sight: Sight) -> None:
    if sight.since is None:
        removed(connection, BLIND)
    else:
        noted(connection, BLIND, sight.since, _TOLD if sight.told else "")
