"""Asking one question of a server that may fail."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.errors import SourceError
from bot.sources.api_errors import ApiError
from bot.sources.http import ApiClient
from bot.sources.paging import Params
from bot.sources.patience import Clock, Patience
from tests.sources.build import at
from tests.sources.live import KEY, NOW

COSTS = "/organization/costs"
LAST_DAYS: Params = (
    ("start_time", str(at(NOW.date() - timedelta(days=3)))),
    ("end_time", str(at(NOW.date()))),
)
IMPATIENT = Patience(
    attempts=3, first_wait=1, max_wait=8, connect=2, read=0.5, deadline=0.8, budget=30
)


class FakeTime:
    """A clock that only moves when somebody sleeps."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    @property
    def clock(self) -> Clock:
        def elapsed() -> float:
            return sum(self.slept)

        return Clock(self.sleep, elapsed, lambda: NOW, lambda: 1.0)


def failing(client: ApiClient, kind: type[SourceError] = ApiError) -> str:
    with pytest.raises(kind) as caught:
        client.get(COSTS, LAST_DAYS)
    assert type(caught.value) is kind
    assert KEY not in str(caught.value)
    assert "start_time" not in str(caught.value)
    return str(caught.value)
