"""The way of a notebook: all pages as dicts in a list, a frame of them, and groups of that.

    python -m benchmarks.speed.notebook URL FIRST-DAY DAYS

Written anew after the shape of OpenAI's cookbook page on usage and costs.
"""

from __future__ import annotations

import sys
from typing import Any

import pandas as pd

from benchmarks.speed.bare import buckets


def main(url: str, first: str, days: str) -> None:
    """Collect, frame, group."""
    records: list[dict[str, Any]] = []
    for bucket in buckets(url, first, int(days)):
        records.extend(
            {
                "start_time": bucket["start_time"],
                "end_time": bucket["end_time"],
                "amount_value": float(result["amount"]["value"]),
                "currency": result["amount"]["currency"],
                "line_item": result["line_item"],
                "project_id": result["project_id"],
                "api_key_id": result["api_key_id"],
            }
            for result in bucket["results"]
        )
    frame = pd.DataFrame(records)
    frame["day"] = pd.to_datetime(frame["start_time"], unit="s")
    frame.groupby(["day", "project_id"])["amount_value"].sum().unstack()
    frame.groupby(["day", "line_item"])["amount_value"].sum().unstack()


if __name__ == "__main__":
    main(*sys.argv[1:])
