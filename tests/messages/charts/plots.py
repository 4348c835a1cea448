"""Organisations to draw: believable, empty, large, and hostile."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date

from bot.messages.charts import (
    AlertHistory,
    DailyCost,
    MonthToDate,
    Outlook,
    Part,
    Plot,
    RequestsByModel,
    Series,
    Share,
    TokensPerDay,
)
from bot.spend.calendar import Span, Unit, period_of
from bot.spend.currency import USD as DOLLARS
from bot.spend.money import NANOS_PER_UNIT
from tests.messages.hostile import NAMES

USD = NANOS_PER_UNIT
DAYS = Span(date(2026, 10, 22), date(2026, 11, 21))
TODAY = date(2026, 11, 20)
NOVEMBER = period_of(TODAY, Unit.MONTH)
SPIKE = date(2026, 11, 17)
GAP = frozenset({date(2026, 11, 8)})


def weeks(base: float, *, launched: int = 0, seed: int = 4) -> tuple[int, ...]:
    """30 days of spend with quiet weekends, a spike on the 17th, and a part of the last day."""
    chance = random.Random(seed)
    values = []
    for n, day in enumerate(DAYS):
        value = base * (0.45 if day.weekday() >= 5 else 1) * chance.uniform(0.85, 1.15)
        value *= 3.4 if day == SPIKE else 1
        value *= 0.35 if day == TODAY else 1
        values.append(int(value * USD) if n >= launched else 0)
    return tuple(values)


ACME = (
    Series("proj_search", "Search", weeks(74)),
    Series("proj_support", "Customer support assistant", weeks(38, seed=5)),
    Series("proj_docs", "Docs RAG", weeks(21, seed=6)),
    Series("proj_launch", "検索チーム 🚀", weeks(30, launched=18)),
    Series("proj_evil", "$\\frac$ <!channel>", weeks(9)),
    Series("proj_evals", "Evals 🧪", weeks(6)),
    Series("proj_sandbox", "sandbox-anna", weeks(2)),
    Series("proj_old", "old", weeks(0.3)),
)

HOSTILE = tuple(
    Series(f"proj_{n}", name, weeks(90 - 2 * n, seed=n)) for n, name in enumerate(NAMES)
)
THOUSAND = tuple(
    Series(f"proj_{n}", f"project number {n} of the thousand", weeks(0.2, seed=n))
    for n in range(1_000)
)
MODELS = (
    "gpt-5-mini",
    "gpt-5",
    "text-embedding-3-small",
    "ft:gpt-4o-mini-2024-07-18:acme:support-2",
    "o4-mini",
    "gpt-image-1",
    "whisper-1",
    "omni-moderation-latest",
    "$\\frac$",
)


def tokens(scale: float) -> tuple[int, ...]:
    return tuple(int(value * scale / USD) for value in weeks(100))


def requests(found: tuple[Series, ...]) -> tuple[Series, ...]:
    """The same projects with a number of requests for each model."""
    parts = (900, 300, 400, 90, 60, 8, 3, 15, 40)
    return tuple(
        replace(one, values=tuple(int(abs(one.total) / USD * part) for part in parts))
        for one in found
    )


def shares(found: tuple[Series, ...]) -> tuple[Part, ...]:
    return tuple(Part(one.id, one.name, one.total) for one in found)


ONE_DAY = Span(TODAY, date(2026, 11, 21))
ONE = (Series("proj_search", "Search", (312 * USD,)), Series("", "No project", (20 * USD,)))
CREDITS = Series("proj_credit", "Credits", tuple(-v // 9 for v in weeks(80)))
CHEAP = (Series("proj_cheap", "Tiny", tuple(n * 100_000 for n in range(30))),)
LONG = (
    "A very long title that somebody wrote without a thought for the room there is on a card " * 9
)

YEAR = Span(date(2025, 11, 21), date(2026, 11, 21))

PLOTS: dict[str, Plot] = {
    "history": AlertHistory(
        DAYS,
        weeks(74),
        {"project spikes": [SPIKE, SPIKE], "daily cap": [date(2026, 10, 29)]},
        GAP,
        currency=DOLLARS,
    ),
    "history, quiet": AlertHistory(DAYS, (0,) * 30, currency=DOLLARS),
    "history, one day": AlertHistory(ONE_DAY, (30 * USD,), {"cap": [TODAY]}, currency=DOLLARS),
    "history, a year": AlertHistory(
        YEAR, tuple(n * USD for n in range(len(YEAR))), {"cap": list(YEAR)}, currency=DOLLARS
    ),
    "history, hostile": AlertHistory(
        DAYS, weeks(9), {name: [SPIKE] for name in NAMES}, currency=DOLLARS
    ),
    "history, credits": AlertHistory(
        DAYS, tuple(-v for v in weeks(9)), missing=frozenset(DAYS), currency=DOLLARS
    ),
    "daily": DailyCost(DAYS, ACME, 200 * USD, TODAY, GAP, frozenset({SPIKE}), currency=DOLLARS),
    "daily, nothing": DailyCost(DAYS, (), currency=DOLLARS),
    "daily, zeros": DailyCost(DAYS, (Series("a", "Idle", (0,) * 30),), currency=DOLLARS),
    "daily, one day": DailyCost(
        ONE_DAY, ONE, 100 * USD, TODAY, alerts=frozenset({TODAY}), currency=DOLLARS
    ),
    "daily, a thousand": DailyCost(
        DAYS, THOUSAND, 900 * USD, alerts=frozenset(DAYS), currency=DOLLARS
    ),
    "daily, hostile": DailyCost(DAYS, HOSTILE, title=" ".join(NAMES), currency=DOLLARS),
    "daily, credits": DailyCost(DAYS, (*ACME[:2], CREDITS), 9_000 * USD, currency=DOLLARS),
    "daily, all missing": DailyCost(
        DAYS, ACME, missing=frozenset(DAYS), title=LONG, currency=DOLLARS
    ),
    "daily, under a cent": DailyCost(
        DAYS, CHEAP, 2_500_000, missing=frozenset(list(DAYS)[-3:]), currency=DOLLARS
    ),
    "month": MonthToDate(
        NOVEMBER,
        weeks(150)[-20:],
        4_000 * USD,
        Outlook(3_900 * USD, 4_310 * USD, 4_720 * USD),
        TODAY,
        GAP,
        currency=DOLLARS,
    ),
    "month, nothing": MonthToDate(NOVEMBER, (), 4_000 * USD, currency=DOLLARS),
    "month, first day": MonthToDate(
        NOVEMBER,
        (210 * USD,),
        4_000 * USD,
        Outlook(3_000 * USD, 5_100 * USD, 9_000 * USD),
        NOVEMBER.start,
        currency=DOLLARS,
    ),
    "month, over budget": MonthToDate(NOVEMBER, (190 * USD,) * 30, 4_000 * USD, currency=DOLLARS),
    "month, credits": MonthToDate(NOVEMBER, (-2 * USD,) * 7, currency=DOLLARS),
    "year": MonthToDate(
        period_of(TODAY, Unit.YEAR), (190 * USD,) * 324, 4_000_000 * USD, currency=DOLLARS
    ),
    "tokens": TokensPerDay(DAYS, tokens(90_000), tokens(9_000), TODAY, GAP),
    "tokens, none": TokensPerDay(DAYS, (0,) * 30, (0,) * 30),
    "tokens, missing": TokensPerDay(DAYS, tokens(9), tokens(1), missing=frozenset(DAYS)),
    "tokens, one day": TokensPerDay(ONE_DAY, (12_345,), (999,)),
    "requests": RequestsByModel(MODELS, requests(ACME), "in the last 30 days"),
    "requests, none": RequestsByModel((), (), "yesterday"),
    "requests, one": RequestsByModel(("gpt-5",), (Series("a", "Search", (3,)),), "yesterday"),
    "requests, a thousand": RequestsByModel(MODELS, requests(THOUSAND), "in November"),
    "requests, hostile": RequestsByModel(NAMES[:9], requests(HOSTILE), "in November"),
    "share": Share(shares(ACME), "November so far", currency=DOLLARS),
    "share, nothing": Share((), "November so far", currency=DOLLARS),
    "share, one": Share(shares(ONE[:1]), "November so far", currency=DOLLARS),
    "share, a thousand": Share(shares(THOUSAND), "November so far", currency=DOLLARS),
    "share, hostile": Share(shares(HOSTILE), "November so far", currency=DOLLARS),
    "share, credits": Share(shares((*ACME[:2], CREDITS)), "November so far", currency=DOLLARS),
    "share, nanos": Share(
        tuple(Part(f"p{n}", f"Team {n}", 5) for n in range(20)), "the week", currency=DOLLARS
    ),
}
"""Every kind of chart with every kind of organisation, by what it shows."""
