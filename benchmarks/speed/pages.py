"""The bill of a shape as the Costs API would send it, day by day; a seed decides it all."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import product

from benchmarks.speed.shape import Shape

DAY_SECONDS = 86_400
_SPREAD = 4_096  # amounts drawn per day; rows take them in turn, so that a day is made quickly


class Bill:
    """Renders buckets and pages."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self._ends = [_end(*ids) for ids in _ids(shape)]

    def amounts(self, day: date) -> list[str]:
        """The dollars of every row of the day, as written."""
        draw = random.Random(f"{self.shape.seed} {day}")  # noqa: S311 - invented money
        drawn = [f"{draw.lognormvariate(-1, 1):.9f}" for _ in range(_SPREAD)]
        rows = len(self._ends)
        return (drawn * (rows // _SPREAD + 1))[:rows]

    def bucket(self, day: date) -> bytes:
        """The bucket of a day; an empty one where the shape has none."""
        start = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
        results = ""
        if self.shape.first <= day < self.shape.first + timedelta(days=self.shape.days):
            results = ", ".join(
                map(str.__add__, map(_BEGIN.__add__, self.amounts(day)), self._ends)
            )
        head = f'{{"object": "bucket", "start_time": {start}, "end_time": {start + DAY_SECONDS}'
        return f'{head}, "results": [{results}]}}'.encode()


_BEGIN = '{"object": "organization.costs.result", "amount": {"value": '


def _end(project: str, item: str, key: str) -> str:
    return (
        f', "currency": "usd"}}, "line_item": "{item}", "project_id": "{project}", '
        f'"organization_id": "org-benchmark", "project_name": "Team {project[-6:]}", '
        f'"organization_name": "Benchmark", "api_key_id": "{key}", "quantity": 1048576, '
        '"quantity_unit": "tokens"}'
    )


def _ids(shape: Shape) -> Iterator[tuple[str, str, str]]:
    items = shape.items()
    for project in shape.project_ids():
        for item, key in product(items, shape.key_ids(project)):
            yield project, item, key


def page(buckets: list[bytes], following: str | None) -> bytes:
    """A page as the API wraps it."""
    tail = f'"has_more": true, "next_page": "{following}"' if following else _LAST
    return b'{"object": "page", "data": [' + b", ".join(buckets) + b"], " + tail.encode() + b"}"


_LAST = '"has_more": false, "next_page": null'
