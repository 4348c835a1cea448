"""The first rules of an organisation, from its own history: caps above what is usual.

Pure. A cap is a round number above the busiest day of a usual week, a budget one above what the
month is foreseen to cost. Where there is no history the numbers are guesses, and say so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bot.config.yamlwrite import comment, number, quoted, written
from bot.spend.calendar import ONE_DAY, Period, Span, Unit, period_name, period_of
from bot.spend.currency import Currency
from bot.spend.forecast import Forecast, period_end
from bot.spend.ledger import Ids, Ledger
from bot.spend.metrics import Additive
from bot.spend.money import NANOS_PER_UNIT
from bot.spend.names import clean

WEEKS = 4
"""How many of the latest weeks tell what is usual."""
HEADROOM = Decimal("1.3")
MOST_PROJECTS = 12
"""Projects with a limit of their own; the others share one."""
WORTH_A_LIMIT = 0.01
"""Share of the organisation's spend from which on a project has a limit of its own."""
_GUESS = Decimal(100)
_ROUND = tuple(map(Decimal, ("1", "1.2", "1.5", "2", "2.5", "3", "4", "5", "6", "8", "10")))
_SAFE_NAME = re.compile(r"[^*?\[\]!]+")
_SAFE_ID = re.compile(r"[A-Za-z0-9_.-]+")


@dataclass(frozen=True, slots=True)
class FirstRules:
    """A rule file's text, and the sentence on what it was worked out from.

    `since`: the first UTC day of that history; None without one.
    """

    text: str
    basis: str
    since: date | None = None


@dataclass(frozen=True, slots=True)
class _Spender:
    """A project in the latest weeks. `busy`: nanos of the busiest day of a usual week."""

    ids: Ids
    name: str
    busy: int
    total: int


def first_rules(ledger: Ledger) -> FirstRules:
    """Caps for the organisation and its projects, a monthly budget, and a spike rule."""
    days = [day for day in ledger.span if ledger.judgeable(day)]
    totals = ledger.sums(Additive.COST, ("organization",)).values.sum(axis=1)
    spent = sum(_value(ledger, totals, day) for day in days)
    if spent <= 0:
        return guessed_rules(ledger.currency)
    first = next(n for n, day in enumerate(days) if _value(ledger, totals, day) > 0)
    days = days[first:]
    recent = days[-7 * WEEKS :]
    spenders = _spenders(ledger, recent)
    text = "\n".join(
        [
            *_head(days),
            *_organisation_cap(ledger, totals, recent),
            *_budget(ledger, totals, days),
            *_project_caps(spenders, ledger.currency),
            *_spikes(totals, ledger, recent),
        ]
    )
    basis = _basis(days, ledger.currency.text(spent), len(spenders))
    return FirstRules(f"{text}\n", basis, days[0])


def guessed_rules(currency: Currency) -> FirstRules:
    """Rules of an organisation without a history."""
    return FirstRules(_guesses(currency), "There is no history yet: the numbers are guesses.")


def round_up(nanos: float, least: int = 1) -> Decimal:
    """The next round amount: 1, 1.2, 1.5, 2 … times a power of ten; at least so much."""
    units = max(Decimal(round(nanos)) / NANOS_PER_UNIT, Decimal(least))
    power = Decimal(10) ** units.adjusted()
    return next(step * power for step in _ROUND if step * power >= units)


def _head(days: Sequence[date]) -> Iterator[str]:
    yield "# Written by `bot init` from the history of"
    yield f"# {_said(days[0])} to {_said(days[-1])} (UTC days)."
    yield "# Change what you like; `bot backtest` shows what a change would have told."
    yield "rules:"


def _basis(days: Sequence[date], spent: str, projects: int) -> str:
    count = "1 finished day" if len(days) == 1 else f"{len(days)} finished days"
    who = "1 project" if projects == 1 else f"{projects} projects"
    return (
        f"{count}, {_said(days[0])} to {_said(days[-1])}: {spent}; {who} in the last {WEEKS} weeks."
    )


def _organisation_cap(
    ledger: Ledger, totals: NDArray[np.int64], recent: Sequence[date]
) -> Iterator[str]:
    busy = _busy([_value(ledger, totals, day) for day in recent])
    currency = ledger.currency
    cap, cost = round_up(busy * float(HEADROOM), currency.times), currency.text(busy)
    yield f"  # The busiest day of a usual week cost {cost} (median of {WEEKS} weeks);"
    yield f"  # {number(HEADROOM)} times that, rounded up."
    yield from _rule(
        {
            "name": "organisation daily cap",
            "kind": "cap",
            "period": "day",
            _limit(currency): cap,
            "severity": "critical",
        }
    )


def _budget(ledger: Ledger, totals: NDArray[np.int64], days: Sequence[date]) -> Iterator[str]:
    worth, why = _month(ledger, totals, days)
    yield f"  # {why};"
    yield "  # 1.1 times that, rounded up. Told when it is foreseen to be passed, and when it is."
    yield from _rule(
        {
            "name": "monthly budget",
            "kind": "cap",
            "period": "month",
            _limit(ledger.currency): round_up(worth * 1.1, ledger.currency.times),
            "forecast_steps": [100],
            "severity": "critical",
        }
    )


def _month(ledger: Ledger, totals: NDArray[np.int64], days: Sequence[date]) -> tuple[float, str]:
    """What a month costs, and where that is from: foreseen, the dearest whole one, or 30 days."""
    month, text = period_of(days[-1], Unit.MONTH), ledger.currency.text
    foreseen = _foreseen(ledger, totals, days, month)
    best, named = _dearest_month(ledger, totals, days)
    if foreseen and foreseen >= best:
        return foreseen, f"{period_name(month)} is foreseen to end at {text(foreseen)}"
    if named:
        return best, f"{named}, the dearest whole month held, cost {text(best)}"
    mean = sum(_value(ledger, totals, day) for day in days) / len(days)
    return 30 * mean, f"30 days at the mean of {text(mean)} a day"


def _foreseen(
    ledger: Ledger, totals: NDArray[np.int64], days: Sequence[date], month: Period
) -> float:
    known = set(days)
    last = days[-1]
    span = Span(days[0], last + ONE_DAY)
    values = [float(_value(ledger, totals, day)) if day in known else np.nan for day in span]
    so_far = sum(_value(ledger, totals, day) for day in days if day in month.span)
    if any(day not in known for day in Span(month.start, last + ONE_DAY)):
        return 0.0
    found = period_end(np.array(values), so_far, list(Span(last + ONE_DAY, month.end)), last)
    return found.total if isinstance(found, Forecast) else 0.0


def _dearest_month(
    ledger: Ledger, totals: NDArray[np.int64], days: Sequence[date]
) -> tuple[float, str]:
    known, best, named = set(days), 0, ""
    for month in dict.fromkeys(period_of(day, Unit.MONTH) for day in days):
        if all(day in known for day in month.span):
            cost = sum(_value(ledger, totals, day) for day in month.span)
            best, named = max((best, named), (cost, period_name(month)))
    return best, named


def _project_caps(spenders: Sequence[_Spender], currency: Currency) -> Iterator[str]:
    whole = sum(one.total for one in spenders)
    own = [
        one
        for one in spenders[:MOST_PROJECTS]
        if one.total >= WORTH_A_LIMIT * whole and _key(one, spenders)
    ]
    rest = [one for one in spenders if one not in own]
    yield "  # For each project the busiest day of a usual week, and 1.3 times that, rounded up."
    yield "  - name: project daily caps"
    yield "    kind: cap"
    yield "    per: project"
    yield f"    {_limit(currency)}:"
    for one in own:
        limit = round_up(one.busy * float(HEADROOM), currency.times)
        key = _key(one, spenders)
        called = "" if key == one.name else f"{clean(one.name)}: "
        said = f"{called}{currency.text(one.busy)}"
        yield f"      {quoted(key)}: {number(limit)}  {comment(said)}"
    busiest = max((one.busy for one in rest), default=0)
    if busiest:
        said = f"the others, and new ones: {currency.text(busiest)} at most"
    else:
        busiest = min((one.busy for one in own), default=0)
        said = f"new ones: as much as the smallest above, {currency.text(busiest)}"
    limit = round_up(busiest * float(HEADROOM), currency.times)
    yield f"      default: {number(limit)}  {comment(said)}"
    yield "    severity: warning"


def _key(one: _Spender, all_of_them: Sequence[_Spender]) -> str:
    """How a limit calls the project: its name where that is plain and its own, else its id; empty
    where neither can stand in a rule."""
    name = one.name
    alone = sum(other.name.casefold() == name.casefold() for other in all_of_them) == 1
    if alone and name == clean(name) and _SAFE_NAME.fullmatch(name) and name != "default":
        return name
    member = one.ids[0] or ""
    return member if _SAFE_ID.fullmatch(member) and member != "default" else ""


def _spikes(totals: NDArray[np.int64], ledger: Ledger, recent: Sequence[date]) -> Iterator[str]:
    mean = sum(_value(ledger, totals, day) for day in recent) / len(recent)
    currency = ledger.currency
    least = currency.about(5)
    floor = max(round_up(mean * 0.02, currency.times), Decimal(least) / NANOS_PER_UNIT)
    yield "  # A project far above its usual weekday. What is less than this much above it is not"
    share = f"2% of the organisation's mean day of {currency.text(mean)}"
    yield f"  # worth a message: {share}, at least {currency.as_set(least)}."
    yield from _rule(
        {
            "name": "project spikes",
            "kind": "spike",
            "per": "project",
            "min_usd" if currency.is_dollars else "min_amount": floor,
            "severity": "warning",
        }
    )


def _limit(currency: Currency) -> str:
    """The option that a cap's limit is written with."""
    return "limit_usd" if currency.is_dollars else "limit"


def _guesses(currency: Currency) -> str:
    limit, guess = _limit(currency), _GUESS * currency.times
    rules: list[dict[str, Any]] = [
        {"name": "organisation daily cap", "kind": "cap", limit: guess},
        {"name": "monthly budget", "kind": "cap", "period": "month", limit: 20 * guess,
         "forecast_steps": [100]},
        {"name": "project daily caps", "kind": "cap", "per": "project", limit: guess / 2},
        {"name": "project spikes", "kind": "spike", "per": "project"},
    ]  # fmt: skip
    money = "dollars" if currency.is_dollars else "amounts"
    head = (
        f"# Written by `bot init` without a history: the {money} are guesses. Run it again with\n"
    )
    return f"{head}# --force once there is one, or fit them by hand.\n{written({'rules': rules})}"


def _rule(entry: dict[str, Any]) -> list[str]:
    return written({"rules": [entry]}).splitlines()[1:]


def _spenders(ledger: Ledger, recent: Sequence[date]) -> list[_Spender]:
    """The projects that spent in these days, dearest first."""
    table = ledger.sums(Additive.COST, ("project",))
    found = []
    for ids in table.ids:
        values = table.column(ids)
        daily = [_value(ledger, values, day) for day in recent]
        if sum(daily) > 0:
            name = ledger.name("project", ids[0])
            found.append(_Spender(ids, name, _busy(daily), sum(daily)))
    return sorted(found, key=lambda one: (-one.total, one.name))


def _busy(daily: Sequence[int]) -> int:
    """The busiest day of a usual week: the median of the weeks' highest days, counted back.

    The weeks before the first spend do not count.
    """
    daily = daily[next((n for n, value in enumerate(daily) if value > 0), 0) :]
    weeks = [max(daily[max(end - 7, 0) : end]) for end in range(len(daily), 0, -7)]
    return max(int(np.median(weeks)), 0)


def _value(ledger: Ledger, values: NDArray[np.int64], day: date) -> int:
    return int(values[(day - ledger.span.start).days])


def _said(day: date) -> str:
    return period_name(period_of(day, Unit.DAY))
