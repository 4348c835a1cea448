"""A month's closing total waits until its last day is settled, and is told once."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.cases.stage import Place


@pytest.fixture
def month(place: Place) -> Place:
    """The small bill, with all of November in its history, in December."""
    place.openai.now = datetime(2026, 12, 4, 12, tzinfo=UTC)
    place.edit("history_days: 12", "history_days: 40")
    return place


def at(day: str) -> tuple[str, str]:
    return "--as-of", f"{day}T08:00:00Z"


def test_the_closing_total_follows_a_months_digest_once_all_is_settled(month: Place) -> None:
    month.bot("digest", "--period", "month", *at("2026-12-01"))
    month.bot("digest", *at("2026-12-02"))
    assert month.keys == ["digest:monthly:2026-12-01", "digest:daily:2026-12-02"]
    for _ in range(2):
        month.bot("check", *at("2026-12-03"))
        month.bot("digest", *at("2026-12-03"))
    assert month.keys[2:] == ["digest:closing:2026-11", "digest:daily:2026-12-03"]
    assert "November 2026 closed at $1,470.00: all 30 days are settled" in (
        month.slack.messages[2].text
    )


def test_a_months_digest_of_settled_days_needs_no_closing_total(month: Place) -> None:
    month.bot("digest", "--period", "month", *at("2026-12-03"))
    month.bot("digest", *at("2026-12-04"))
    assert month.keys == ["digest:monthly:2026-12-03", "digest:daily:2026-12-04"]


def test_who_asks_for_no_months_digest_gets_no_closing_total(month: Place) -> None:
    month.bot("digest", *at("2026-12-03"))
    assert month.keys == ["digest:daily:2026-12-03"]
