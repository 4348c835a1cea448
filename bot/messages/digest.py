"""What a digest is made of, and the questions its parts ask of it. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from bot.alerts.model import Finding, Remark, Skipped
from bot.messages.charts import Plot
from bot.messages.digest_charts import alert_days, drawings
from bot.messages.digest_series import Budget, about, month_outlook
from bot.spend.calendar import ONE_DAY, DayState, Period, Unit, day_name, period_of, utc_day
from bot.spend.calendar import Span as Days
from bot.spend.currency import Currency
from bot.spend.forecast import Forecast
from bot.spend.ledger import DailyTable, Ledger
from bot.spend.metrics import Additive
from bot.spend.movement import Mover, Newcomer, before, usual_of_all

NAMELESS = 0.05
"""Money without a project is worth a line from this share on."""
KINDS = {Unit.DAY: "daily", Unit.WEEK: "weekly", Unit.MONTH: "monthly"}


@dataclass(frozen=True, slots=True)
class ProofOfLife:
    """What the bot did: rules that judged, messages that wait, and those sent after a retry.

    `unfit` rules did not judge: they are in US dollars, and the bill is not.
    """

    rules: int = 0
    waiting: int = 0
    retried: int = 0
    unfit: int = 0


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn of a digest's schedule: its local date and instant, and how many before it nobody
    took."""

    day: date
    at: datetime
    missed: int = 0


def told_period(unit: Unit, today: date, turn: Turn | None = None) -> Period:
    """The last day, week or month (UTC) that had finished by the turn, or by today."""
    by = min(utc_day(turn.at), today) if turn else today
    return period_of(period_of(by, unit).start - ONE_DAY, unit)


@dataclass(frozen=True, slots=True)
class Digest:
    """Everything a digest is made of. `unit` is day, week or month; `zone` names its date.

    `turn` is the turn of the schedule it is for, where it is not made by hand.
    """

    unit: Unit
    now: datetime
    zone: ZoneInfo
    channel: str
    ledger: Ledger
    budgets: tuple[Budget, ...]
    findings: tuple[Finding, ...]
    skipped: tuple[Skipped, ...]
    trouble: tuple[str, ...]
    resolved: tuple[Finding, ...] = ()
    movers: tuple[Mover, ...] = ()
    newcomers: tuple[Newcomer, ...] = ()
    uncovered: tuple[tuple[str, int], ...] = ()
    """Line items that no rule looks at, and what they cost in the period, the dearest first."""
    told_days: frozenset[date] = frozenset()
    """Days that earlier alerts told of, to be marked in charts."""
    life: ProofOfLife = field(default_factory=ProofOfLife)
    remarks: tuple[Remark, ...] = ()
    turn: Turn | None = None

    @property
    def period(self) -> Period:
        """The last day, week or month (UTC) that had finished by its turn, or by now."""
        return told_period(self.unit, self.ledger.today, self.turn)

    @property
    def before(self) -> Period:
        """The period before it."""
        return before(self.period)

    @property
    def month(self) -> Period:
        """The month that the period ends in."""
        return period_of(self.period.last_day, Unit.MONTH)

    @property
    def costs(self) -> DailyTable:
        return self.ledger.sums(Additive.COST, ("organization",))

    def spent(self, days: Days) -> int:
        """Nanos of the whole organisation over the days."""
        return sum(self.costs.totals(days).values())

    def unseen(self, days: Days) -> int:
        """How many of the days up to today were not read whole."""
        return len(self.ledger.days_in_state(days, DayState.MISSING))

    @property
    def currency(self) -> Currency:
        """What its money is in."""
        return self.ledger.currency

    def told(self, days: Days, money: Callable[[int], str] | None = None) -> str:
        """What was spent over the days in words: `$41.20`, `at least $41.20`, `an unknown amount`.

        What was not read is not zero: an amount with a day missing is the least it can be.
        `money` writes amounts otherwise than in full.
        """
        if not self.is_known(days):
            return "an unknown amount"
        least = "at least " if self.unseen(days) else ""
        return f"{least}{(money or self.currency.text)(self.spent(days))}"

    def is_known(self, days: Days) -> bool:
        """Whether anything is known of what the days cost."""
        return not self.unseen(days) or bool(self.spent(days))

    @property
    def usual(self) -> int | None:
        """What the day usually costs; None where nobody knows, and for other periods."""
        if self.unit is not Unit.DAY:
            return None
        return usual_of_all(self.ledger, self.period.start)

    @property
    def outlook(self) -> Forecast | None:
        """How the month is foreseen to end; None once it is over, or where that is not known."""
        outlook = month_outlook(self.ledger, self.month)
        return about(outlook) if outlook else None

    @property
    def unsettled(self) -> list[date]:
        """The days of the period that may still be restated, or were not read."""
        settled = DayState.SETTLED
        return [day for day in self.period.span if self.ledger.state(day) is not settled]

    @property
    def nameless(self) -> int:
        """Nanos of the period without a project, where they are worth a line; else 0."""
        table = self.ledger.sums(Additive.COST, ("project",))
        found = table.totals(self.period.span).get((None,), 0)
        return found if found > NAMELESS * self.spent(self.period.span) else 0

    @property
    def is_quiet(self) -> bool:
        """Whether the day has nothing to say but its numbers."""
        news = (self.findings, self.resolved, self.skipped, self.trouble, self.remarks)
        more = (self.movers, self.newcomers, self.uncovered, self.unseen(self.period.span))
        return self.unit is Unit.DAY and not any((*news, *more, self.nameless))

    @property
    def key(self) -> str:
        """One digest per kind and scheduled local date."""
        day = self.turn.day if self.turn else self.now.astimezone(self.zone).date()
        return f"digest:{KINDS[self.unit]}:{day.isoformat()}"


def plots_of(digest: Digest) -> dict[str, Plot]:
    """Every chart of the digest by its name, not drawn yet."""
    alerts = alert_days(digest.findings) | digest.told_days
    return drawings(digest.ledger, digest.budgets, alerts, digest.period)


def named(period: Period) -> str:
    """A period as a digest calls it: `Thu 19 Nov`, `week 47`, `November`."""
    match period.unit:
        case Unit.DAY:
            return day_name(period.start)
        case Unit.MONTH:
            return f"{period.start:%B}"
        case _:
            return str(period).partition(" of ")[0]


def capital(words: str) -> str:
    """The words as a sentence begins."""
    return f"{words[:1].upper()}{words[1:]}"


def change(now: float, then: float) -> str:
    """`+18%`, `-7%`, `±0%`; `4.2×` from threefold on; empty beside nothing."""
    if then <= 0:
        return ""
    if now >= 3 * then:
        return f"{now / then:.1f}×" if now < 9.95 * then else f"{now / then:,.0f}×"
    moved = round((now - then) / then * 100)
    return f"{moved:+d}%" if moved else "±0%"
