"""A believable small organisation: seeded costs and usage by project, model and key.

A day's numbers depend on the seed, the day and the names only, so a longer history holds the same
days. Volumes have weekdays, slow growth and noise; money is volume × price, exact.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import NamedTuple

from tests.fakes.openai_rows import ApiKey, CostRow, Project, UsageRow, User


class Line(NamedTuple):
    """A line of the bill: units a middling project uses a day, and dollars per unit."""

    line_item: str
    per_day: float
    price: Decimal
    unit: str | None = "tokens"


GPT, MINI = "gpt-5.4-2026-03-05", "gpt-5.4-mini-2026-03-17"
EMBEDDING = "text-embedding-3-small"
LINES = (
    Line(f"{GPT}, input", 2_000_000, Decimal("0.0000025")),
    Line(f"{GPT}, cached input", 1_200_000, Decimal("0.00000025")),
    Line(f"{GPT}, output", 400_000, Decimal("0.000015")),
    Line(f"{MINI}, input", 4_000_000, Decimal("0.00000075")),
    Line(f"{MINI}, output", 900_000, Decimal("0.0000045")),
    Line(f"{EMBEDDING}, input", 9_000_000, Decimal("0.00000002")),
    Line("whisper", 3_600, Decimal("0.0001"), "duration_seconds"),
    Line("web search tool calls", 120, Decimal("0.01"), None),
)
NAMES = (
    "Search",
    "Support chat",
    "Data labelling",
    "Sales copilot",
    "Internal tools",
    "Research",
)
BIRTHDAY = date(2026, 1, 1)  # growth is measured from here
REQUEST_TOKENS = 1_500  # tokens of input in a usual request


class Organisation(NamedTuple):
    """All that `FakeOpenAI(**organisation(...)._asdict())` takes. The lists may be changed."""

    costs: list[CostRow]
    usage: dict[str, list[UsageRow]]
    projects: list[Project]
    api_keys: dict[str, list[ApiKey]]
    users: list[User]

    def spend(self, day: date, project_id: str | None = None) -> Decimal:
        """Dollars of a UTC day, of one project or of all."""
        rows = [row for row in self.costs if row.day == day]
        chosen = [row for row in rows if project_id in {None, row.project_id}]
        return sum((Decimal(row.amount) for row in chosen), Decimal(0))

    def plant_spike(
        self, day: date, project_id: str, factor: int = 10, model: str | None = None
    ) -> None:
        """Multiply a project's day (or one model's part of it), money and volume alike."""

        def hit(row: CostRow | UsageRow, name: str | None) -> bool:
            about_model = model is None or (name or "").startswith(model)
            return row.day == day and row.project_id == project_id and about_model

        self.costs[:] = [
            _grown(row, factor) if hit(row, row.line_item) else row for row in self.costs
        ]
        for rows in self.usage.values():
            rows[:] = [_busier(row, factor) if hit(row, row.model) else row for row in rows]

    def plant_breach(self, day: date, usd: Decimal | int | str, project_id: str) -> None:
        """Add one cost row that brings the project's day to exactly `usd` dollars."""
        missing = Decimal(usd) - self.spend(day, project_id)
        row = CostRow(day, missing, project_id, f"{GPT}, output", f"key_{project_id[5:]}_prod")
        self.costs.append(row)

    def restate(self, day: date, factor: Decimal | str) -> None:
        """Multiply every amount of a day, as a late correction of the bill does."""
        scale = Decimal(factor)
        self.costs[:] = [
            row._replace(amount=Decimal(row.amount) * scale) if row.day == day else row
            for row in self.costs
        ]

    def so_far(self, now: datetime) -> None:
        """Cut today (UTC) to what has passed of it."""
        today = now.date()
        part = Decimal((now.hour * 60 + now.minute) * 60 + now.second) / 86_400
        self.restate(today, round(part, 4))
        for rows in self.usage.values():
            rows[:] = [_busier(row, part) if row.day == today else row for row in rows]


def organisation(end: date, days: int = 90, projects: int = 6, seed: int = 1) -> Organisation:
    """`days` UTC days before `end` (exclusive), `projects` projects with eight line items each.

    The last of more than two projects is archived on its own: its spend goes on, as it may.
    """
    listed = [_project(number, projects) for number in range(projects)]
    keys = {project.id: _keys(project.id) for project in listed}
    made = Organisation([], {}, listed, keys, [User("user_ada", "Ada Byron", "ada@example.com")])
    for number, project in enumerate(listed):
        for back in range(days, 0, -1):
            _live(made, project, number, end - timedelta(days=back), seed)
    made.costs.sort(key=lambda row: row.day)
    return made


def _project(number: int, projects: int) -> Project:
    name = NAMES[number] if number < len(NAMES) else f"Project {number + 1}"
    last = number == projects - 1 and projects > 2
    return Project(f"proj_{number + 1:03}", name, 1_780_000_000 if last else None)


def _keys(project_id: str) -> list[ApiKey]:
    stem = f"key_{project_id[5:]}"
    return [ApiKey(f"{stem}_prod", "production"), ApiKey(f"{stem}_batch", "nightly batch")]


def _live(made: Organisation, project: Project, number: int, day: date, seed: int) -> None:
    """One project's day: eight cost rows and the usage behind them."""
    prod, batch = (key.id for key in made.api_keys[project.id])
    units = dict(_volumes(number, day, seed))
    for line in LINES:
        key = batch if line.line_item.startswith(EMBEDDING) else prod
        amount = units[line.line_item] * line.price
        row = CostRow(day, amount, project.id, line.line_item, key, "usd")
        made.costs.append(row._replace(quantity=units[line.line_item], unit=line.unit))
    for kind, model, measures in _usage(units):
        key = batch if model == EMBEDDING else prod
        made.usage.setdefault(kind, []).append(UsageRow(day, measures, project.id, model, key))


def _volumes(number: int, day: date, seed: int) -> Iterator[tuple[str, int]]:
    random = Random(f"{seed}/{number}/{day}")
    weekday = 0.45 if day.weekday() >= 5 else 1.0
    growth = math.exp((day - BIRTHDAY).days * 0.001)
    size = 2.0 / (number % 6 + 1)
    for line in LINES:
        yield (
            line.line_item,
            int(line.per_day * size * weekday * growth * random.lognormvariate(0, 0.12)),
        )


def _usage(units: dict[str, int]) -> Iterator[tuple[str, str, dict[str, int]]]:
    """Usage rows that agree with the bill: cached tokens are part of the input tokens."""
    cached = units[f"{GPT}, cached input"]
    yield "completions", GPT, _tokens(units[f"{GPT}, input"], units[f"{GPT}, output"], cached)
    yield "completions", MINI, _tokens(units[f"{MINI}, input"], units[f"{MINI}, output"], 0)
    embedded = units[f"{EMBEDDING}, input"]
    calls = embedded // REQUEST_TOKENS
    yield "embeddings", EMBEDDING, {"input_tokens": embedded, "num_model_requests": calls}
    seconds = units["whisper"]
    heard = {"seconds": seconds, "num_model_requests": seconds // 60}
    yield "audio_transcriptions", "whisper-1", heard
    searches = units["web search tool calls"]
    yield "web_search_calls", GPT, {"num_requests": searches, "num_model_requests": searches}


def _tokens(uncached: int, output: int, cached: int) -> dict[str, int]:
    return {
        "input_tokens": uncached + cached,
        "output_tokens": output,
        "num_model_requests": (uncached + cached) // REQUEST_TOKENS,
        "input_cached_tokens": cached,
        "input_audio_tokens": 0,
        "output_audio_tokens": 0,
    }


def _grown(row: CostRow, factor: int) -> CostRow:
    return row._replace(amount=row.amount * factor, quantity=(row.quantity or 0) * factor)


def _busier(row: UsageRow, factor: int | Decimal) -> UsageRow:
    return row._replace(measures={name: int(n * factor) for name, n in row.measures.items()})
