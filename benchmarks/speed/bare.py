"""What the bot is measured against: fetch the pages, parse them, insert the rows, and nothing else.

    python -m benchmarks.speed.bare URL DATABASE FIRST-DAY DAYS

Plain `requests`, `json` and `sqlite3`, as one would write it in an hour and not wrong: the columns
that the bot keeps, as text, keyed by day × project × line item × key; a day replaced in one
transaction, on disk when it is committed; the dollars as the text that came, to lose nothing.
"""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import requests

_TABLE = (
    "CREATE TABLE IF NOT EXISTS costs (day INTEGER, project TEXT, line_item TEXT, api_key TEXT, "
    "usd TEXT, quantity REAL, unit TEXT, "
    "PRIMARY KEY (day, project, line_item, api_key)) WITHOUT ROWID"
)


def buckets(url: str, first: str, days: int) -> Iterator[dict[str, Any]]:
    """Every bucket of every page."""
    start = datetime.fromisoformat(first).replace(tzinfo=UTC)
    asked: dict[str, Any] = {
        "start_time": int(start.timestamp()),
        "end_time": int((start + timedelta(days=days)).timestamp()),
        "bucket_width": "1d",
        "limit": 180,
        "group_by": ["project_id", "line_item", "api_key_id"],
    }
    session = requests.Session()
    while True:
        answer = session.get(f"{url}/organization/costs", params=asked, timeout=600)
        answer.raise_for_status()
        page = json.loads(answer.content, parse_float=str)
        yield from page["data"]
        if not page["has_more"]:
            return
        asked["page"] = page["next_page"]


def main(url: str, database: str, first: str, days: str) -> None:
    """Fetch, parse, insert."""
    connection = sqlite3.connect(database, isolation_level=None)
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute(_TABLE)
    for bucket in buckets(url, first, int(days)):
        day = bucket["start_time"] // 86_400
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("DELETE FROM costs WHERE day = ?", (day,))
        rows = (
            (
                day,
                result["project_id"],
                result["line_item"],
                result["api_key_id"] or "",
                str(result["amount"]["value"]),
                result["quantity"],
                result["quantity_unit"],
            )
            for result in bucket["results"]
        )
        connection.executemany("INSERT INTO costs VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
        connection.execute("COMMIT")
    connection.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
