"""What one part of the work takes, measured inside a process of its own.

    python -m benchmarks.speed.inside judge CONFIG
    python -m benchmarks.speed.inside frames DATABASE CONFIG
    python -m benchmarks.speed.inside chart CONFIG

Prints JSON on its last line; imports are done before the clock starts, except for a cold chart.
"""

from __future__ import annotations

import json
import resource
import sqlite3
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.speed.shape import NOW
from bot.__main__ import prepare

Figures = dict[str, float]


def _timed(work: Callable[[], Any]) -> float:
    begun = time.process_time()
    work()
    return time.process_time() - begun


def judge(config: str) -> Figures:
    """Sums read from the database and every rule judged, as `bot check` does after its fetch."""
    from bot import app as flow  # noqa: PLC0415 - each part loads what it needs
    from bot.commands.common import configuration  # noqa: PLC0415
    from bot.context import days_to_judge, open_ledger  # noqa: PLC0415
    from bot.wiring import fetching_app  # noqa: PLC0415

    loaded = configuration(Path(config))
    with fetching_app(loaded, NOW) as app:

        def work() -> None:
            days = days_to_judge(app)
            flow.judge(app, open_ledger(app, app.span_for(days[0])), days)

        return {"seconds": _timed(work)}


def frames(database: str, config: str) -> Figures:
    """Every row loaded into pandas; then only the caps compared, by groupby."""
    import pandas as pd  # noqa: PLC0415

    from bot.commands.common import configuration  # noqa: PLC0415

    rules = configuration(Path(config)).rulebook.enabled

    def work() -> None:
        with sqlite3.connect(database) as connection:
            query = (
                "SELECT day, p.value AS project, i.value AS item, nanos FROM cost_rows "
                "LEFT JOIN members p ON p.id = project LEFT JOIN members i ON i.id = line_item"
            )
            rows = pd.read_sql_query(query, connection)
        sums = rows.groupby(["project", "day"])["nanos"].sum().unstack()
        for rule in rules:
            wanted = next(iter(rule.match.values()), ("*",))[0]
            if wanted in sums.index:
                (sums.loc[wanted].iloc[-3:] > 1e14).any()

    return {"seconds": _timed(work)}


def chart(config: str) -> Figures:
    """The daily chart of a digest: the first in a process, and the next."""
    from bot.commands.common import configuration  # noqa: PLC0415
    from bot.context import open_ledger  # noqa: PLC0415
    from bot.messages.charts import png  # noqa: PLC0415
    from bot.messages.digest_charts import drawings  # noqa: PLC0415
    from bot.spend.calendar import Unit, period_of  # noqa: PLC0415
    from bot.wiring import fetching_app  # noqa: PLC0415

    with fetching_app(configuration(Path(config)), NOW) as app:
        ledger = open_ledger(app)
        period = period_of(ledger.today, Unit.DAY)

        def draw() -> None:
            png(drawings(ledger, [], frozenset(), period)["cost-per-day"])

        return {"cold": _timed(draw), "warm": min(_timed(draw) for _ in range(3))}


def main(part: str, *arguments: str) -> None:
    """Measure a part."""
    prepare()
    parts: dict[str, Callable[..., Figures]] = {"judge": judge, "frames": frames, "chart": chart}
    found = parts[part](*arguments)
    found["megabytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
