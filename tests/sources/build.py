"""Pages for tests, written as the API writes them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from bot.sources.openai_pages import Page, Place, read_page
from bot.sources.paging import Answer, Get, Params
from bot.spend.calendar import midnight
from tests.fakes.openai_rows import dumps

DAY = 86_400
D1, D2, D3, D4 = (date(2026, 11, day) for day in (17, 18, 19, 20))


def at(day: date, hours: float = 0) -> int:
    """Unix seconds of a UTC day's hour."""
    return int(midnight(day).timestamp() + hours * 3600)


def cost(value: Any = 1, **fields: Any) -> dict[str, Any]:
    """One result of the costs endpoint."""
    amount = {"value": value, "currency": fields.pop("currency", "usd")}
    return {"object": "organization.costs.result", "amount": amount} | fields


def bucket(day: date, *results: Any, start: float = 0, end: float = 24) -> dict[str, Any]:
    """One bucket from one hour of a day to another."""
    times = {"start_time": at(day, start), "end_time": at(day, end)}
    return {"object": "bucket", **times, "results": list(results)}


def envelope(*buckets: Any, next_page: str | None = None) -> dict[str, Any]:
    """One page; another follows if there is a cursor."""
    more = next_page is not None
    return {"object": "page", "data": list(buckets), "has_more": more, "next_page": next_page}


def page(*buckets: Any, number: int = 1) -> Page:
    """The same, opened."""
    return read_page(dumps(envelope(*buckets)), Place("costs", number, "req_1"))


class Bodies:
    """Answers questions with bodies, one after another, and keeps the questions."""

    def __init__(self, contents: Sequence[Any]) -> None:
        self._left = [dumps(content) for content in contents]
        self.asked: list[tuple[str, Params]] = []

    @property
    def get(self) -> Get:
        return self._get

    def _get(self, path: str, params: Params) -> Answer:
        self.asked.append((path, params))
        return Answer(self._left.pop(0), f"req_{len(self.asked)}")
