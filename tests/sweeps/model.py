"""What has to be told, worked out anew: plain Python that shares no code with the bot.

A cap speaks of a period whose known sum is above a step of its limit: each step once, the highest
if several were passed at once. It resolves by finished days only, and only if none is missing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

DAY = timedelta(days=1)
BEFORE = datetime.min.replace(tzinfo=UTC)
GRACE, SETTLE = timedelta(hours=6), timedelta(days=2)
WINDOW, HISTORY = 4, 14
"""Days that each check looks at again, and that are known as history."""


class CapRule(NamedTuple):
    name: str
    unit: str
    limit: int
    steps: tuple[int, ...]
    repeat: timedelta

    def period(self, day: date) -> tuple[date, date]:
        if self.unit == "day":
            return day, day + DAY
        start = day.replace(day=1)
        return start, (start + 31 * DAY).replace(day=1)

    def key(self, start: date) -> str:
        return f"{self.name}/organization/{self.unit}:{start.isoformat()}"

    def crossed(self, dollars: int) -> int:
        return max((step for step in self.steps if dollars * 100 > self.limit * step), default=0)


@dataclass
class Known:
    """One period of one rule, as far as it was told.

    `top` is the highest step told; `stands` the step last told, 0 when resolved; `held` the day of
    the last check at which that stood; `told` when it was spoken of last, `seen` when it changed
    or was found to go on; `hush` the end of a snooze; `acked`: somebody has it in hand.
    """

    key: str
    held: date
    top: int = 0
    stands: int = 0
    told: datetime | None = None
    seen: datetime = BEFORE
    hush: datetime | None = None
    acked: bool = False
    counts: Counter[str] = field(default_factory=Counter)


class Seen(NamedTuple):
    """The bill as handed out by `now`: dollars by day, when each was read, what failed since."""

    now: datetime
    dollars: Mapping[date, int]
    at: Mapping[date, datetime]
    failed: Collection[date]

    @property
    def today(self) -> date:
        return self.now.date()

    def total(self, start: date, end: date) -> int:
        return sum(usd for day, usd in self.dollars.items() if start <= day < min(end, self._next))

    def settled(self, day: date) -> bool:
        """Whether it was read when no restatement was expected any more."""
        return day in self.at and self._read(day) >= _midnight(day + DAY) + SETTLE

    def missing(self, day: date) -> bool:
        """Whether its last reading failed or came before it was over."""
        partial = day < self.today and day in self.at and self._read(day) < _midnight(day + DAY)
        return (day in self.failed or partial) and not self.settled(day)

    @property
    def _next(self) -> date:
        return self.today + DAY

    def _read(self, day: date) -> datetime:
        return min(self.at[day], self.now)


@dataclass
class Model:
    rules: tuple[CapRule, ...]
    alerts: dict[str, Known] = field(default_factory=dict)
    again: date | None = None
    ending: list[date] = field(default_factory=list)

    def check(self, seen: Seen) -> set[str]:
        """The keys of all that a check has to tell then, by the days it read or could not read."""
        judged = list(self._judged(seen.today))
        told = set()
        self.ending = []
        for rule in self.rules:
            for start, end in dict.fromkeys(rule.period(day) for day in judged):
                known = self.alerts.setdefault(rule.key(start), Known(rule.key(start), start))
                step = rule.crossed(seen.total(start, end))
                days = {start + n * DAY for n in range((end - start).days)} | set(judged)
                over = seen.now >= _midnight(min(end, known.held + DAY)) + GRACE
                sure = over and known.seen <= seen.now and not self._is_blind(rule, days, seen)
                due = _is_due(known, rule.repeat, end, seen.now)
                if news := _settle(known, step, seen.now, sure, due):
                    told.add(f"{known.key}#{news}")
                if known.stands and not step:
                    self.ending.append(end - DAY)
        return told

    def checked(self, seen: Seen) -> None:
        """A check came to its end: unsettled days are judged again, and what could not end yet."""
        unsettled = [day for day in self._judged(seen.today) if not seen.settled(day)]
        self.again = min([*unsettled, *self.ending, seen.today])

    def _is_blind(self, rule: CapRule, days: Iterable[date], seen: Seen) -> bool:
        """Whether one of the days is missing; today only where it could still change a verdict."""
        past = any(seen.missing(day) for day in days if day < seen.today)
        crossed = rule.crossed(seen.total(*rule.period(seen.today)))
        return past or (seen.missing(seen.today) and crossed < max(rule.steps))

    def _judged(self, today: date) -> Iterator[date]:
        first = min(today - (WINDOW - 1) * DAY, self.again or today)
        day = max(first, today - (HISTORY - 1) * DAY)
        while day <= today:
            yield day
            day += DAY


def _is_due(known: Known, repeat: timedelta, end: date, now: datetime) -> bool:
    """Whether it is time to say once more that it goes on: a snooze is over, or nobody has it."""
    if known.hush is not None:
        return True
    goes_on = end >= (now - GRACE).date()
    return goes_on and not known.acked and known.told is not None and now - known.told >= repeat


def _settle(known: Known, step: int, now: datetime, sure: bool, due: bool) -> str:
    """Takes in what a period's known sum crosses now; the news of it, if it is any."""
    silent = known.hush is not None and now < known.hush
    news = _news(known, step, sure, silent, due)
    resolved = not step and known.stands > 0 and sure
    if news or resolved:
        known.top, known.stands, known.hush = max(known.top, step), step, None
    if news and step:
        known.told = now
    if step or resolved:
        known.seen = now
    if news or (step and step >= known.stands):
        known.held = now.date()
    if not news or news.startswith("step-"):
        return news
    known.counts[news] += 1
    n = known.counts[news]
    return f"{news}-{n}" if n > 1 or news == "repeat" else news


def _news(known: Known, step: int, sure: bool, silent: bool, due: bool) -> str:
    if silent:
        return ""
    if step > known.top:
        return f"step-{step}"
    if step > known.stands or (0 < step < known.stands and sure):
        return "restated"
    if not step:
        return "resolved" if known.stands and sure else ""
    return "repeat" if due else ""


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
