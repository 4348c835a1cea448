"""The sample recording: that it can be made again, and that it holds what it is meant to show."""

from __future__ import annotations

import gzip
import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from bot.sources.sample import FOLDER
from bot.sources.sample.make import make
from bot.spend import baseline
from bot.spend.line_item import family, parse

DAYS = [date(2026, 8, 12) + timedelta(days=n) for n in range(101)]
WEDNESDAY, THURSDAY, TODAY = date(2026, 11, 18), date(2026, 11, 19), date(2026, 11, 20)
SETTLING = 3  # the last days of the recording that are no evidence for what is usual
ROOT = Path(__file__).parents[2]


class Cost(NamedTuple):
    day: date
    project: str | None
    item: str
    key: str | None
    usd: Decimal
    quantity: int | None
    unit: str | None


def text_of(file: Path) -> bytes:
    body = file.read_bytes()
    return gzip.decompress(body) if file.suffix == ".gz" else body


def read(name: str) -> Any:
    return json.loads(text_of(FOLDER / name), parse_float=Decimal)


@cache
def recording() -> dict[str, Any]:
    return dict(read("recording.json"))


def pages(path: str) -> list[dict[str, Any]]:
    (call,) = (call for call in recording()["calls"] if call["path"] == f"/organization/{path}")
    return [read(name) for name in call["pages"]]


def buckets(path: str) -> list[dict[str, Any]]:
    return [bucket for page in pages(path) for bucket in page["data"]]


def results(path: str) -> Iterator[tuple[date, dict[str, Any]]]:
    for bucket in buckets(path):
        day = datetime.fromtimestamp(bucket["start_time"], UTC).date()
        yield from ((day, result) for result in bucket["results"])


@cache
def names() -> dict[str, str]:
    return {project["id"]: project["name"] for project in pages("projects")[0]["data"]}


@cache
def costs() -> list[Cost]:
    return [
        Cost(
            day,
            names()[row["project_id"]] if row["project_id"] else None,
            row["line_item"],
            row["api_key_id"],
            Decimal(str(row["amount"]["value"])),
            row["quantity"],
            row["quantity_unit"],
        )
        for day, row in results("costs")
    ]


def spent(*, since: date, until: date, project: str | None = "any") -> Decimal:
    chosen = (
        row.usd if row.usd else Decimal(0)
        for row in costs()
        if since <= row.day <= until and project in {"any", row.project}
    )
    return sum(chosen, Decimal(0))


def calls_by_day() -> list[str]:
    paths = [call["path"].removeprefix("/organization/") for call in recording()["calls"]]
    return [path for path in paths if path == "costs" or path.startswith("usage/")]


def test_the_recording_is_what_the_script_writes(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "bot.sources.sample.make", str(tmp_path)]
    subprocess.run(command, check=True, cwd=ROOT)
    made = {file.name: text_of(file) for file in tmp_path.iterdir()}
    assert made == {file.name: text_of(file) for file in FOLDER.iterdir()}


def test_two_runs_write_the_same_bytes(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    make(first)
    make(second)
    assert [file.read_bytes() for file in sorted(first.iterdir())] == [
        file.read_bytes() for file in sorted(second.iterdir())
    ]


def test_it_is_small_and_holds_nothing_that_looks_like_a_key() -> None:
    files = list(FOLDER.iterdir())
    assert sum(file.stat().st_size for file in files) < 700_000
    assert not [f.name for f in files if re.search(rb"sk-[A-Za-z0-9_-]{4,}", text_of(f))]


def test_it_covers_every_file_and_every_usage_endpoint() -> None:
    listed = [name for call in recording()["calls"] for name in call["pages"]]
    assert sorted([*listed, "recording.json"]) == sorted(file.name for file in FOLDER.iterdir())
    assert len(calls_by_day()) == 11
    assert (recording()["format"], recording()["organization"]) == (1, "Acme")
    assert recording()["days"] == ["2026-08-12", "2026-11-21"]


@pytest.mark.parametrize("path", calls_by_day())
def test_days_are_dense_and_today_ends_at_the_recordings_instant(path: str) -> None:
    midnights = [int(datetime(d.year, d.month, d.day, tzinfo=UTC).timestamp()) for d in DAYS]
    as_of = int(datetime.fromisoformat(recording()["as_of"]).timestamp())
    spans = [(bucket["start_time"], bucket["end_time"]) for bucket in buckets(path)]
    assert spans == list(zip(midnights, [*midnights[1:], as_of], strict=True))


@pytest.mark.parametrize("path", calls_by_day())
def test_pages_lead_to_one_another_and_the_last_says_so(path: str) -> None:
    found = pages(path)
    assert len(found) >= 2
    assert [page["has_more"] for page in found] == [True] * (len(found) - 1) + [False]
    assert len({page["next_page"] for page in found}) == len(found)
    assert found[-1]["next_page"] is None


def test_one_day_is_empty_and_a_holiday_is_as_quiet_as_a_sunday() -> None:
    for path in ("costs", "usage/completions"):
        empty = [bucket["start_time"] for bucket in buckets(path) if not bucket["results"]]
        assert [datetime.fromtimestamp(start, UTC).date() for start in empty] == [date(2026, 10, 4)]
    holiday, week_later = date(2026, 9, 7), date(2026, 9, 14)
    quiet = spent(since=holiday, until=holiday)
    assert 2 * quiet < spent(since=week_later, until=week_later) + 30


def test_amounts_come_in_every_form_that_bills_have() -> None:
    written = [row["amount"]["value"] for _, row in results("costs")]
    strings = [value for value in written if isinstance(value, str)]
    assert 0.1 < len(strings) / len(written) < 0.3
    assert sum(len(Decimal(str(value)).as_tuple().digits) == 34 for value in written) == 1
    assert sum(text_of(file).count(b": 0E-6176,") for file in FOLDER.glob("costs-*")) == 1
    assert [value for value in map(Decimal, map(str, written)) if value < 0] == [Decimal("-4.85")]
    assert {row["project_id"] for _, row in results("costs")} - set(names()) == {None, ""}


def test_every_line_item_is_understood_and_eight_models_are_billed() -> None:
    items = {parse(row.item) for row in costs()}
    assert [item.raw for item in items if not item.parsed] == []
    assert {item.family for item in items if item.family} == {
        "gpt-5.6-sol",
        "gpt-5.6-terra",
        "gpt-5.4",
        "gpt-5.4-mini",
        "gpt-audio-mini",
        "gpt-image-2",
        "text-embedding-3-small",
        "whisper-1",
    }
    assert {item.service for item in items if item.service} == {
        "Scale Tier",
        "Vector storage",
        "file search",
        "web search tool calls",
    }
    assert {item.tier for item in items} == {None, "priority", "flex"}
    assert {item.surface for item in items} == {None, "evals", "assistants api"}


def test_every_billed_token_was_used_and_every_used_token_billed() -> None:
    billed: Counter[tuple[object, ...]] = Counter()
    for row in costs():
        if row.unit == "tokens":
            billed[row.day, row.project, row.key, parse(row.item).family] += row.quantity or 0
    used: Counter[tuple[object, ...]] = Counter()
    for path in ("usage/completions", "usage/embeddings"):
        for day, use in results(path):
            key = (day, names()[use["project_id"]], use["api_key_id"], family(use["model"]))
            used[key] += use["input_tokens"] + use.get("output_tokens", 0)
    assert billed == used


def test_every_key_has_a_name_but_one_that_was_deleted() -> None:
    named = {key["id"] for p in names() for key in pages(f"projects/{p}/api_keys")[0]["data"]}
    deleted = {row.key for row in costs() if row.key} - named
    assert len(deleted) == 1
    assert max(row.day for row in costs() if row.key in deleted) == date(2026, 10, 8)


def subjects(by: str) -> dict[str | None, list[float]]:
    """Dollars a day for each project or model."""
    found: dict[str | None, list[float]] = {}
    for row in costs():
        subject = row.project if by == "project" else parse(row.item).family
        series = found.setdefault(subject, [0.0] * len(DAYS))
        series[DAYS.index(row.day)] += float(row.usd)
    return found


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("project", [("Document pipeline", THURSDAY)]),
        ("model", [("gpt-5.4-mini", THURSDAY)]),
    ],
)
def test_one_project_and_its_model_spike_on_the_last_finished_day_and_nothing_else_does(
    by: str, expected: list[tuple[str, date]]
) -> None:
    series = subjects(by)
    spend = np.array(list(series.values())).T
    spikes = []
    for day in range(len(DAYS) - 4, len(DAYS)):
        known = spend[: day + 1].copy()
        known[len(DAYS) - SETTLING : day] = np.nan
        limit = baseline.judge_last(known, floor=9.0).limit
        spikes += [(list(series)[n], DAYS[day]) for n in np.flatnonzero(known[-1] > limit)]
    assert spikes == expected


def test_the_spike_is_four_times_a_usual_thursday_and_made_of_requests() -> None:
    def requests(day: date) -> int:
        return sum(
            row["num_model_requests"]
            for d, row in results("usage/completions")
            if d == day
            and names()[row["project_id"]] == "Document pipeline"
            and family(row["model"]) == "gpt-5.4-mini"
        )

    week_before = THURSDAY - timedelta(days=7)
    assert requests(THURSDAY) / requests(week_before) == pytest.approx(4.8, abs=0.3)
    assert spent(since=THURSDAY, until=THURSDAY, project="Document pipeline") / spent(
        since=week_before, until=week_before, project="Document pipeline"
    ) == pytest.approx(Decimal(4), abs=Decimal("0.2"))


@pytest.mark.parametrize(
    ("project", "on_wednesday", "on_thursday"),
    [
        ("Customer support", "180.33", "181.50"),
        ("search-api", "144.49", "149.61"),
        ("Meeting notes", "147.17", "166.63"),
        ("Document pipeline", "35.34", "136.79"),
        ("Marketing images", "44.97", "42.00"),
        ("any", "552.29", "676.53"),
    ],
)
def test_a_project_at_150_dollars_goes_over_its_cap_and_another_comes_near(
    project: str, on_wednesday: str, on_thursday: str
) -> None:
    assert f"{spent(since=WEDNESDAY, until=WEDNESDAY, project=project):.2f}" == on_wednesday
    assert f"{spent(since=THURSDAY, until=THURSDAY, project=project):.2f}" == on_thursday


def test_the_month_is_past_80_percent_of_10000_dollars_and_the_last_one_stayed_below() -> None:
    assert f"{spent(since=date(2026, 11, 1), until=TODAY):.2f}" == "8518.91"
    assert f"{spent(since=date(2026, 10, 1), until=date(2026, 10, 31)):.2f}" == "9669.71"


def test_a_project_was_launched_five_weeks_ago_and_one_was_archived() -> None:
    began = min(row.day for row in costs() if row.project == "Meeting notes")
    ended = max(row.day for row in costs() if row.project == "Research sandbox")
    assert (began, ended) == (date(2026, 10, 15), date(2026, 9, 20))
    archived = [p["name"] for p in pages("projects")[0]["data"] if p["status"] == "archived"]
    assert archived == ["Research sandbox"]
