"""The digest: the point first, every number explained, nothing said where there is nothing."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest

from bot.messages.blockkit import blocks, fallback_text
from bot.messages.compose_digest import compose_closing, compose_digest
from bot.messages.digest import Digest, change
from bot.messages.model import Chart, Header, Lines, Message, Table
from bot.messages.slack_text import weight
from bot.spend.calendar import DayState, Unit
from tests.build import at, ledger, spend
from tests.fakes.blockkit import problems
from tests.messages import digests
from tests.messages.digests import DIGESTS, KNOWN, digest, monthly
from tests.messages.test_text import printed
from tests.snapshots import matches


@cache
def composed(name: str) -> Message:
    return compose_digest(DIGESTS[name]())


def said(name: str) -> str:
    """All that the terminal gets, on one line."""
    return " ".join(printed(composed(name)).split())


@pytest.mark.parametrize("name", [name for name in DIGESTS if name != "hostile"])
def test_a_digest_reads_as_it_should(name: str) -> None:
    matches(printed(composed(name)), f"digest-{name}.txt", __file__)


@pytest.mark.parametrize("name", DIGESTS)
def test_slack_takes_every_digest(name: str) -> None:
    message = composed(name)
    made = blocks(message, {chart.name: "F0123ABCDE" for chart in message.charts})
    assert problems(made) == []
    assert weight(made) < 10_000
    assert 0 < len(fallback_text(message)) <= 4_000


@pytest.mark.parametrize("name", DIGESTS)
def test_a_digest_has_a_picture_or_two_under_100_kilobytes(name: str) -> None:
    charts = composed(name).charts
    assert len(charts) <= 2
    assert all(len(chart.png) < 100_000 for chart in charts)


@pytest.mark.parametrize("name", ["busy", "quiet", "weekly", "monthly", "missing", "nothing"])
def test_what_comes_before_the_tables_is_read_in_ten_seconds(name: str) -> None:
    found = composed(name).blocks
    before = found[: next((n for n, one in enumerate(found) if isinstance(one, Table | Chart)), 99)]
    lines = sum(len(one.lines) if isinstance(one, Lines) else 1 for one in before)
    assert lines <= 14


def test_a_quiet_day_is_three_lines_and_a_picture() -> None:
    kinds = [type(block).__name__ for block in composed("quiet").blocks]
    assert kinds == ["Header", "Lines", "Chart", "Note"]
    (lines,) = [block for block in composed("quiet").blocks if isinstance(block, Lines)]
    assert len(lines.lines) == 2


def test_the_headline_has_the_point() -> None:
    header = composed("busy").blocks[0]
    assert isinstance(header, Header)
    assert header.text == (
        "Thu 19 Nov: $198, 148% above a usual Thursday; November is on pace for $1,942 of $3,000"
    )


def test_a_mover_comes_with_its_reason() -> None:
    assert "▲ Search +$95.00 (+158%): 167% more requests, key worker" in said("busy")


def test_a_day_that_was_not_read_whole_moves_nobody() -> None:
    text = said("missing")
    assert "Thu 19 Nov: at least $80.00 spent, costs could not be read whole" in text
    assert "Moved most" not in text


def first_days() -> Digest:
    """Two days were ever read; of the days before nothing is known."""
    days = {"11-18": 20.0, "11-19": 41.2}
    return digest(ledger(spend(days, project="proj_a", model="gpt-5"), names=KNOWN, days=3))


def test_a_month_of_which_a_part_is_known_is_the_least_it_can_be() -> None:
    header = compose_digest(first_days()).blocks[0]
    assert isinstance(header, Header)
    assert header.text == (
        "Thu 19 Nov: $41.20, 106% above the day before; November: at least $61.20 of $3,000"
    )


def test_days_of_which_nothing_is_known_are_not_compared_with() -> None:
    text = printed(compose_digest(first_days()))
    assert "$41.20 against $20.00 the day before (+106%)" in text
    assert "last Thursday" not in text
    assert "an unknown amount" not in text


def test_a_day_beside_which_nothing_is_known_stands_alone() -> None:
    unread = {f"11-{day}": DayState.MISSING for day in range(10, 20)}
    text = printed(compose_digest(digest(ledger(states=unread))))
    assert "An unknown amount on Thu 19 Nov" in text
    assert "against" not in text


def test_the_words_and_the_pictures_of_a_day_not_read_whole_agree() -> None:
    text = said("missing")
    assert "at least 40% of $3,000 for November: at least $1,200" in text
    assert "November 2026: at least $1,200.00 by Fri 20 Nov, at least 40%" in text


def test_a_month_that_is_not_settled_says_so() -> None:
    assert (
        "Not final yet: Sun 29 Nov to Mon 30 Nov are not settled. "
        "The closing total follows once all are."
    ) in said("monthly")


def test_a_settled_month_is_final() -> None:
    settled = compose_digest(monthly("2026-12-03 08:00"))
    assert "Not final" not in printed(settled)


def test_the_closing_total_is_a_notice_of_its_own_key() -> None:
    closing = compose_closing(monthly("2026-12-03 08:00"))
    assert (closing.key, closing.type) == ("digest:closing:2026-11", "notice")
    assert problems(blocks(closing)) == []
    matches(printed(closing), "digest-closing.txt", __file__)


def test_a_month_is_compared_by_the_day() -> None:
    days = {f"2026-{month}-{day:02}": 10.0 for month, last in (("09", 30), ("10", 31))
            for day in range(1, last + 1)}  # fmt: skip
    book = ledger(spend(days, project="proj_a"), now=at("2026-11-04 09:00"))
    header = compose_digest(digest(book, Unit.MONTH)).blocks[0]
    assert isinstance(header, Header)
    assert header.text.startswith("October 2026: $310, much like September by the day")


def test_efficiency_is_not_told_of_a_week_whose_usage_is_missing() -> None:
    assert "a request" in said("weekly")
    book = digests.book(states={"11-10": DayState.MISSING})
    assert "a request" not in printed(compose_digest(digest(book, Unit.WEEK)))


def test_an_alert_told_by_another_is_not_listed() -> None:
    quiet = digests.busy()
    hidden = tuple(replace(one, inhibited_by="other") for one in quiet.findings)
    assert "Needs attention" not in printed(compose_digest(replace(quiet, findings=hidden)))


@pytest.mark.parametrize(
    ("now", "then", "words"),
    [(118, 100, "+18%"), (93, 100, "-7%"), (100, 100, "±0%"), (420, 100, "4.2×"), (5, 0, "")],
)
def test_a_change_is_written_as_people_do(now: float, then: float, words: str) -> None:
    assert change(now, then) == words
