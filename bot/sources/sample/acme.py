"""Who Acme is: its projects, keys and people, and what a usual weekday of each looks like."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from hashlib import blake2b
from typing import Final, NamedTuple

from bot.sources.sample import catalogue as c
from bot.sources.sample.catalogue import Product

SEED: Final = "acme-2026"
AS_OF: Final = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
FIRST_DAY: Final = date(2026, 8, 12)
TODAY: Final = AS_OF.date()
EVERY_DAY: Final = tuple(FIRST_DAY + timedelta(days=n) for n in range((TODAY - FIRST_DAY).days + 1))

HOLIDAY: Final = date(2026, 9, 7)
"""A Monday that looks like a Sunday."""
EMPTY_DAY: Final = date(2026, 10, 4)
"""A Sunday on which nothing ran: its buckets have no results."""
LAUNCH: Final = date(2026, 10, 15)
SPIKE_DAY: Final = date(2026, 11, 19)


class Project(NamedTuple):
    """A project, and how its days of a week (Monday first) compare with a usual weekday."""

    id: str
    name: str
    week: tuple[float, ...]
    created: date
    archived: date | None = None


class Key(NamedTuple):
    """An API key. One that was deleted is still billed for its days, but not listed any more."""

    id: str
    name: str
    project: Project
    owner: str
    deleted: bool = False


class Stream(NamedTuple):
    """One steady use of a product: so many requests on a usual weekday, so much in each."""

    key: Key
    product: Product
    requests: float
    each: dict[str, float]
    """Measure -> amount per request."""
    tier: str = "default"
    batch: bool = False
    surface: str | None = None
    long_context: bool = False
    weekday: int | None = None
    """The only day of the week it runs on, Monday being 0."""
    first: date = FIRST_DAY
    last: date = TODAY
    spike: float = 1.0
    """How many times its usual requests it makes on SPIKE_DAY."""


def token(*parts: object, size: int) -> str:
    """Characters that look like those of an id, always the same for the same parts."""
    text = "|".join([SEED, *map(str, parts)])
    digits = int.from_bytes(blake2b(text.encode(), digest_size=32).digest(), "big")
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
    found = ""
    while len(found) < size:
        digits, rest = divmod(digits, len(alphabet))
        found += alphabet[rest]
    return found


def wobble(*parts: object) -> float:
    """Noise between -1 and 1, mostly near 0, always the same for the same parts.

    Only additions and divisions: the same on every platform, which logarithms are not.
    """
    text = "|".join([SEED, *map(str, parts)])
    digest = blake2b(text.encode(), digest_size=12).digest()
    uniform = [int.from_bytes(digest[n : n + 4], "big") / 2**32 for n in (0, 4, 8)]
    return sum(uniform) / 1.5 - 1


def _project(
    name: str, week: tuple[float, ...], created: date, archived: date | None = None
) -> Project:
    return Project(f"proj_{token('project', name, size=24)}", name, week, created, archived)


def _key(project: Project, name: str, owner: str, *, deleted: bool = False) -> Key:
    return Key(f"key_{token('key', name, size=16)}", name, project, owner, deleted)


PEOPLE: Final = {
    "Maya Lindqvist": "owner",
    "Tom Okafor": "reader",
    "Ines Carvalho": "reader",
    "Jun Watanabe": "reader",
}

SUPPORT: Final = _project(
    "Customer support", (1.06, 1.0, 1.0, 1.0, 0.96, 0.52, 0.46), date(2025, 3, 3)
)
SEARCH: Final = _project("search-api", (0.98, 1.0, 1.0, 1.0, 1.03, 0.8, 0.76), date(2025, 5, 12))
DOCUMENTS: Final = _project(
    "Document pipeline", (1.0, 1.05, 1.0, 1.0, 0.9, 0.15, 0.12), date(2025, 9, 1)
)
MARKETING: Final = _project(
    "Marketing images", (0.9, 1.05, 1.1, 1.05, 0.85, 0.1, 0.08), date(2026, 1, 19)
)
NOTES: Final = _project(
    "Meeting notes", (0.96, 0.97, 0.97, 1.07, 0.9, 0.12, 0.1), date(2026, 10, 1)
)
SANDBOX: Final = _project(
    "Research sandbox", (1.0, 0.9, 1.1, 1.0, 0.8, 0.3, 0.25), date(2025, 2, 10), date(2026, 9, 21)
)
PROJECTS: Final = (SUPPORT, SEARCH, DOCUMENTS, MARKETING, NOTES, SANDBOX)

BOT_OLD: Final = _key(SUPPORT, "support-bot v1", "Tom Okafor", deleted=True)
BOT: Final = _key(SUPPORT, "support-bot", "Tom Okafor")
TRIAGE: Final = _key(SUPPORT, "ticket triage", "Tom Okafor")
QUERIES: Final = _key(SEARCH, "search production", "Jun Watanabe")
STAGING: Final = _key(SEARCH, "search staging", "Jun Watanabe")
INGEST: Final = _key(DOCUMENTS, "ingest worker", "Ines Carvalho")
NIGHTLY: Final = _key(DOCUMENTS, "nightly batch", "Ines Carvalho")
STUDIO: Final = _key(MARKETING, "image studio", "Maya Lindqvist")
CAMPAIGN: Final = _key(MARKETING, "campaign scripts", "Maya Lindqvist")
RECORDER: Final = _key(NOTES, "notes production", "Jun Watanabe")
PREVIEW: Final = _key(NOTES, "notes preview", "Jun Watanabe")
NOTEBOOKS: Final = _key(SANDBOX, "notebooks", "Ines Carvalho")
SWEEPS: Final = _key(SANDBOX, "prompt sweeps", "Ines Carvalho")
KEYS: Final = (
    *(BOT_OLD, BOT, TRIAGE, QUERIES, STAGING, INGEST, NIGHTLY),
    *(STUDIO, CAMPAIGN, RECORDER, PREVIEW, NOTEBOOKS, SWEEPS),
)


def _text(read: float, cached: float, written: float) -> dict[str, float]:
    """Tokens of a request: read in all, share of them from the cache, written."""
    return {"uncached": read * (1 - cached), "cached": read * cached, "output": written}


_ANSWER = _text(2600, 0.55, 320) | {"writes": 180.0}
STREAMS: Final = (
    Stream(BOT_OLD, c.TERRA, 45_000, _ANSWER, last=date(2026, 10, 8)),
    Stream(BOT, c.TERRA, 45_000, _ANSWER, first=date(2026, 10, 9)),
    Stream(BOT, c.OLDER, 1_700, _text(6000, 0.2, 480)),
    Stream(BOT, c.TERRA, 700, _text(2600, 0, 320), surface="evals", weekday=0),
    Stream(BOT, c.FILE_SEARCH, 3_000, {"calls": 1.2}),
    Stream(BOT, c.VECTOR_STORAGE, 88 * 24, {"gibibyte_hours": 1}),
    Stream(TRIAGE, c.MINI, 30_000, _text(900, 0, 60)),
    Stream(TRIAGE, c.EMBEDDING, 26_000, {"uncached": 410}),
    Stream(TRIAGE, c.MODERATION, 30_000, {"uncached": 240}),
    Stream(QUERIES, c.SOL, 15_500, _text(1500, 0.4, 180)),
    Stream(QUERIES, c.SOL, 3_100, _text(1500, 0.3, 180), tier="priority"),
    Stream(QUERIES, c.WEB_SEARCH, 2_250, {"calls": 1.25}),
    Stream(QUERIES, c.EMBEDDING, 640_000, {"uncached": 78}),
    Stream(STAGING, c.SOL, 240, _text(1500, 0, 180)),
    Stream(STAGING, c.EMBEDDING, 9_000, {"uncached": 78}),
    Stream(INGEST, c.MINI, 18_000, _text(2400, 0.1, 290), spike=5.1),
    Stream(INGEST, c.TERRA, 8, _text(310_000, 0, 900), long_context=True),
    Stream(INGEST, c.EMBEDDING, 18_000, {"uncached": 900}),
    Stream(NIGHTLY, c.TERRA, 1_300, _text(9000, 0, 700), batch=True),
    Stream(NIGHTLY, c.MINI, 1_500, _text(3000, 0, 150), tier="flex"),
    Stream(STUDIO, c.IMAGE, 620, {"uncached": 120, "image_output": 1400}),
    Stream(CAMPAIGN, c.IMAGE, 270, {"uncached": 95, "image_output": 1400}),
    Stream(CAMPAIGN, c.TERRA, 1_200, _text(700, 0, 260)),
    Stream(RECORDER, c.WHISPER, 400, {"seconds": 1850}, first=LAUNCH),
    Stream(RECORDER, c.TERRA, 4_600, _text(8800, 0.1, 900), first=LAUNCH),
    Stream(RECORDER, c.SOL, 2_300, _text(1900, 0.3, 240), first=LAUNCH),
    Stream(PREVIEW, c.AUDIO, 420, {"audio": 4000, "output": 200}, first=LAUNCH),
    Stream(NOTEBOOKS, c.OLDER, 700, _text(4200, 0, 800), last=date(2026, 9, 20)),
    Stream(SWEEPS, c.OLDER, 500, _text(2500, 0, 600), last=date(2026, 9, 20)),
)
