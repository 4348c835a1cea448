"""`bot fetch`: bring the bill in, and nothing else."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

from bot import app as flow
from bot.commands.common import configuration, note
from bot.commands.progress import shown
from bot.context import days_to_fetch
from bot.errors import UsageError
from bot.spend.calendar import ONE_DAY, Span
from bot.spend.doubt import Trusting
from bot.store.pulses import Pulses
from bot.store.tallies import FETCHED
from bot.wiring import fetching_app, recorded


def run_fetch(
    *, config: Path | None, since: date | None, record: Path | None, as_of: datetime | None
) -> int:
    """Exit code 0, or 4 when a part of the bill could not be read."""
    with fetching_app(configuration(config), as_of) as app:
        days = _since(since, app.today) if since else days_to_fetch(app)
        with recorded(app, record, days) as recording_app:
            belief = Trusting() if since else None
            failures = flow.collect(shown(recording_app), days, belief)
        if not any(not failure.optional for failure in failures):
            Pulses(app.database).beat(FETCHED, app.now)
        rows = app.history.row_counts(days)
    for message, hint in dict.fromkeys((f.message, f.hint) for f in failures):
        note(f"bot: {message}" + (f"\n  {hint}" if hint else ""))
    note(
        f"{len(days)} days from {days.start}: {rows['costs']:,} cost rows, "
        f"{rows['usage']:,} usage rows"
    )
    return 4 if any(not failure.optional for failure in failures) else 0


def _since(day: date, today: date) -> Span:
    """From that day to today. Raises UsageError for a day to come, or one before there was a bill.

    The OpenAI API opened in June 2020.
    """
    if not date(2020, 6, 1) <= day <= today:
        raise UsageError(
            f"--since {day} is not a day of the bill",
            hint=f"name a UTC day from 2020-06-01 to {today}",
        )
    return Span(day, today + ONE_DAY)
