"""Organisations to write digests about: an ordinary one, a quiet one, empty, vast and hostile."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bot.alerts.model import Skipped
from bot.kinds.movers import moved
from bot.kinds.why import Why
from bot.messages.digest import Digest, ProofOfLife
from bot.messages.digest_series import Budget
from bot.spend.calendar import ONE_DAY, DayState, Unit, period_of
from bot.spend.ledger import Ledger
from bot.spend.metrics import Additive
from bot.spend.money import NANOS_PER_UNIT
from bot.spend.movement import newcomers
from tests.build import NOW, YESTERDAY, Entry, at, finding, ledger, project, spend, used
from tests.messages.hostile import NAMES

WEEK = (100.0, 100, 100, 100, 100, 20, 20)
BUDGETS = (
    Budget("day cap", Unit.DAY, 200 * NANOS_PER_UNIT),
    Budget("monthly budget", Unit.MONTH, 3_000 * NANOS_PER_UNIT),
)
KNOWN = {"project": {"proj_a": "Search", "proj_b": "Support chat"}, "api_key": {"key_a": "worker"}}


def history(dollars: float, until: date = YESTERDAY, **of: str | None) -> list[Entry]:
    """90 days up to a day, quiet at weekends."""
    days = [until - timedelta(days=back) for back in range(89, -1, -1)]
    return [Entry(day, WEEK[day.weekday()] / 100 * dollars, of) for day in days]


def requests(number: int, until: date = YESTERDAY, **of: str | None) -> list[Entry]:
    """As many requests on each of 90 days, of 1,500 tokens each."""
    days = {(until - timedelta(days=back)).isoformat(): number for back in range(90)}
    tokens = {day: many * 1_000 for day, many in days.items()}
    return [
        *used(Additive.REQUESTS, days, **of),
        *used(Additive.INPUT_TOKENS, tokens, **of),
        *used(Additive.OUTPUT_TOKENS, {day: many // 2 for day, many in tokens.items()}, **of),
        *used(Additive.CACHED_TOKENS, {day: many // 4 for day, many in tokens.items()}, **of),
    ]


def bill(until: date = YESTERDAY) -> list[Entry]:
    """Two projects on ordinary days, each with a model and its usage."""
    search: dict[str, str | None] = {"project": "proj_a", "model": "gpt-5", "api_key": "key_a"}
    chat: dict[str, str | None] = {"project": "proj_b", "model": "gpt-5-mini", "api_key": "key_b"}
    line_items = ({"line_item": f"{one['model']}, output"} for one in (search, chat))
    search_item, chat_item = line_items
    return [
        *history(60, until, **search, **search_item),
        *history(20, until, **chat, **chat_item),
        *requests(900, until, **search, kind="completions"),
        *requests(300, until, **chat, kind="completions"),
    ]


def digest(book: Ledger, unit: Unit = Unit.DAY, **other: Any) -> Digest:
    """The digest of the book's last finished period, with its movers and newcomers."""
    period = period_of(period_of(book.today, unit).start - ONE_DAY, unit)
    values: dict[str, Any] = {
        "unit": unit,
        "now": book.now,
        "zone": ZoneInfo("Europe/Berlin"),
        "channel": "#llm-costs",
        "ledger": book,
        "budgets": BUDGETS,
        "findings": (),
        "skipped": (),
        "trouble": (),
        "movers": moved(Why(book), period),
        "newcomers": tuple(n for d in ("project", "model") for n in newcomers(book, d, period)),
        "life": ProofOfLife(rules=4),
    }
    return Digest(**{**values, **other})


def book(*more: Iterable[Entry], now: datetime = NOW, **options: Any) -> Ledger:
    """The ordinary bill up to the day before now, and more."""
    return ledger(bill(now.date() - ONE_DAY), *more, now=now, names=KNOWN, **options)


def busy() -> Digest:
    """A spike, somebody new, money of nobody, things that fire and one that is over."""
    extra = {"project": "proj_a", "model": "gpt-5", "api_key": "key_a", "kind": "completions"}
    line = {"line_item": "gpt-5, output"}
    yesterday = {"11-19": 95.0}
    more = [
        *spend(yesterday, **extra, **line),
        *used(Additive.REQUESTS, {"11-19": 1_500}, **extra),
        *used(Additive.OUTPUT_TOKENS, {"11-19": 750_000}, **extra),
        *used(Additive.INPUT_TOKENS, {"11-19": 1_500_000}, **extra),
        *spend({"11-19": 9.5}, project="proj_new", model="o3", line_item="o3, input"),
        *spend({"11-19": 14}, line_item="web search tool calls"),
        *spend({"11-20": 12}, project="proj_b", model="gpt-5-mini", line_item="gpt-5-mini, output"),
    ]
    fires = finding(project("proj_a", "Search"), headline="Search cost $155 on Thu 19 Nov")
    over = finding(project("proj_b"), rule="project caps", headline="Support chat is below its cap")
    return digest(
        book(more),
        findings=(fires,),
        resolved=(over,),
        uncovered=(("web search tool calls", 14 * NANOS_PER_UNIT),),
        life=ProofOfLife(rules=4, waiting=1, retried=2),
    )


def quiet() -> Digest:
    return digest(book())


def weekly() -> Digest:
    last_week = {f"11-{day:02}": 30.0 for day in range(9, 14)}
    return digest(book(spend(last_week, project="proj_b", model="gpt-5-mini")), Unit.WEEK)


def monthly(now: str = "2026-12-01 08:00") -> Digest:
    """November, its last two days not settled yet."""
    return digest(book(now=at(now), days=120), Unit.MONTH)


def missing() -> Digest:
    """Yesterday was never read, and a rule could not judge."""
    return digest(
        book(states={"11-19": DayState.MISSING}),
        skipped=(Skipped("day cap", "the organisation", "Thu 19 Nov is missing"),),
        trouble=("costs: HTTP 401, the key is not an admin key",),
    )


def nothing() -> Digest:
    """No spend, no projects, no budget."""
    return digest(ledger(), budgets=())


def one() -> Digest:
    """A single project, on half of its days idle, and a budget for the month alone."""
    days = [YESTERDAY - timedelta(days=back) for back in range(0, 60, 2)]
    return digest(
        ledger([Entry(day, 3, {"project": "proj_a"}) for day in days], names=KNOWN),
        budgets=BUDGETS[1:],
    )


def thousand() -> Digest:
    days = [YESTERDAY - timedelta(days=back) for back in range(60)]
    entries = [
        Entry(day, 1 + n / 500, {"project": f"proj_{n:04}", "model": f"model-{n % 90}"})
        for n in range(1_000)
        for day in days[:: 1 if n < 20 else 7]
    ]
    many = tuple(finding(project(f"proj_{n}", f"project {n}")) for n in range(300))
    return digest(ledger(entries), findings=many)


def hostile() -> Digest:
    """Every name there is, as project, model, line item and in what is told."""
    names = {f"proj_{n}": name for n, name in enumerate(NAMES)}
    entries = [
        entry
        for n, name in enumerate(NAMES)
        for entry in (
            *history(10 + n, project=f"proj_{n}", model=name, api_key=f"key_{n}"),
            *spend({"11-19": 90.0}, project=f"proj_{n}", model=name),
        )
    ]
    told = tuple(finding(project(f"proj_{n}", name), headline=name) for n, name in enumerate(NAMES))
    keys = {f"key_{n}": name for n, name in enumerate(NAMES)}
    return digest(
        ledger(entries, names={"project": names, "api_key": keys}),
        findings=told,
        resolved=told,
        trouble=NAMES,
        skipped=tuple(Skipped(name, name, name) for name in NAMES),
        uncovered=tuple((name, NANOS_PER_UNIT) for name in NAMES),
    )


DIGESTS = {
    "busy": busy,
    "quiet": quiet,
    "weekly": weekly,
    "monthly": monthly,
    "missing": missing,
    "nothing": nothing,
    "one": one,
    "thousand": thousand,
    "hostile": hostile,
}
