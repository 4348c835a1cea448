"""The tables that OpenAI's cookbook page prints, from the raw pages that ship with the bot.

Facts are copied from https://cookbook.openai.com/examples/completions_usage_api, whose code reads
the records the way this file does. Its grouped rows and its costs are printed without their pages:
they are checked here for what they say of the recorded ones.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import pytest

from bot.sources.cookbook import FOLDER

COLUMNS = [
    "start_datetime",
    "end_datetime",
    "start_time",
    "end_time",
    "input_tokens",
    "output_tokens",
    "input_cached_tokens",
    "input_audio_tokens",
    "output_audio_tokens",
    "num_model_requests",
    "project_id",
    "user_id",
    "api_key_id",
    "model",
    "batch",
    "service_tier",
]

HEAD = """\
start_datetime end_datetime start_time end_time input_tokens output_tokens input_cached_tokens \
input_audio_tokens output_audio_tokens num_model_requests project_id user_id api_key_id model \
batch service_tier
0 2024-12-16 10:46:17 2024-12-17 1734345977 1734393600 300245 534874 53120 0 0 298 \
None None None None None None
1 2024-12-17 00:00:00 2024-12-18 1734393600 1734480000 8 9 0 0 0 1 \
None None None None None None
2 2024-12-18 00:00:00 2024-12-19 1734480000 1734566400 19287 1770 15104 47248 6403 24 \
None None None None None None
3 2024-12-19 00:00:00 2024-12-20 1734566400 1734652800 19162 5115 3584 21218 12483 38 \
None None None None None None
4 2024-12-20 00:00:00 2024-12-21 1734652800 1734739200 50882 24867 0 0 0 28 \
None None None None None None"""

PRINTED_GROUPS = [
    (22483, 15488, 32, "proj_frFrNmknEESBPFLqlnYutIA9", "gpt-4o-2024-08-06"),
    (22454, 4399, 32, "proj_frFrNmknEESBPFLqlnYutIA9", "gpt-3.5-turbo-0125"),
    (380, 848, 24, "proj_VV4ZAjd6ALfFd9uh0vY8joR1", "gpt-4o-mini-2024-07-18"),
    (372, 368, 13, "proj_VV4ZAjd6ALfFd9uh0vY8joR1", "gpt-4o-2024-08-06"),
    (1343, 1468, 7, "proj_L67gOme4S2nBA8aQieEOwLy7", "gpt-4o-2024-08-06"),
]
"""The first five grouped rows of 16 December: input, output, requests, project, model."""

PRINTED_COSTS = [
    ("2024-12-16", 1734307200, 1734393600, 55.358578),
    ("2024-12-17", 1734393600, 1734480000, 0.000110),
    ("2024-12-18", 1734480000, 1734566400, 0.016204),
    ("2024-12-19", 1734566400, 1734652800, 2.121425),
    ("2024-12-20", 1734652800, 1734739200, 3.771420),
]
"""The first five cost rows: day, start, end, dollars."""


def read(name: str) -> Any:
    return json.loads((FOLDER / name).read_bytes())


def pages() -> list[dict[str, Any]]:
    (call,) = read("recording.json")["calls"]
    return [read(name) for name in call["pages"]]


def buckets() -> list[dict[str, Any]]:
    return [bucket for page in pages() for bucket in page["data"]]


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    records = [
        {"start_time": bucket["start_time"], "end_time": bucket["end_time"], **result}
        for bucket in buckets()
        for result in bucket["results"]
    ]
    frame = pd.DataFrame(records)
    frame["start_datetime"] = pd.to_datetime(frame["start_time"], unit="s")
    frame["end_datetime"] = pd.to_datetime(frame["end_time"], unit="s")
    return frame[COLUMNS]


def printed(frame: pd.DataFrame) -> str:
    """A table as text, one space between cells."""
    return "\n".join(" ".join(line.split()) for line in frame.to_string().splitlines())


def test_the_first_rows_are_the_ones_the_page_prints(table: pd.DataFrame) -> None:
    with pd.option_context("display.width", None, "display.max_columns", None):
        assert printed(table.head()) == HEAD


def test_nothing_is_grouped_so_every_dimension_is_none(table: pd.DataFrame) -> None:
    dimensions = table[["project_id", "user_id", "api_key_id", "model", "batch", "service_tier"]]
    assert [set(column) for _, column in dimensions.items()] == [{None}] * 6


def test_the_totals_are_those_of_the_page(table: pd.DataFrame) -> None:
    totals = table[["input_tokens", "output_tokens", "num_model_requests"]].sum()
    assert totals.tolist() == [21_780_850, 2_014_504, 20_370]


def test_there_are_31_buckets_8_of_them_empty() -> None:
    days = [
        datetime.fromtimestamp(bucket["start_time"], UTC).date().isoformat()
        for bucket in buckets()
        if not bucket["results"]
    ]
    assert len(buckets()) == 31
    assert days == [
        "2024-12-21",
        "2024-12-22",
        "2024-12-24",
        "2024-12-25",
        "2024-12-26",
        "2024-12-27",
        "2024-12-28",
        "2025-01-05",
    ]


def test_the_pages_hold_seven_buckets_each_and_lead_to_one_another() -> None:
    assert [len(page["data"]) for page in pages()] == [7, 7, 7, 7, 3]
    assert [page["has_more"] for page in pages()] == [True, True, True, True, False]
    cursors = [page["next_page"] for page in pages()]
    assert cursors[-1] is None
    assert len(set(cursors)) == 5


def test_buckets_follow_one_another_and_the_last_ends_when_the_page_was_made() -> None:
    ends = [bucket["end_time"] for bucket in buckets()]
    assert [bucket["start_time"] for bucket in buckets()] == [1734345977, *ends[:-1]]
    as_of = datetime.fromisoformat(read("recording.json")["as_of"])
    assert as_of == datetime.fromtimestamp(ends[-1], UTC)


def test_the_recording_has_usage_only() -> None:
    assert [call["path"] for call in read("recording.json")["calls"]] == [
        "/organization/usage/completions"
    ]


def test_the_printed_groups_are_a_part_of_the_first_bucket(table: pd.DataFrame) -> None:
    parts = pd.DataFrame(PRINTED_GROUPS).iloc[:, :3].sum()
    first = table.loc[0, ["input_tokens", "output_tokens", "num_model_requests"]]
    assert (parts.to_numpy() <= first.to_numpy()).all()


def test_costs_begin_at_midnight_and_usage_when_it_was_asked_from() -> None:
    starts = [start for _, start, _, _ in PRINTED_COSTS]
    assert starts[0] == 1734307200 < buckets()[0]["start_time"] == 1734345977
    assert starts[1:] == [bucket["start_time"] for bucket in buckets()[1:5]]
    assert [day for day, *_ in PRINTED_COSTS] == [
        datetime.fromtimestamp(start, UTC).date().isoformat() for start in starts
    ]
