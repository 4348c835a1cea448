"""Replaying a recorded fetch."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.errors import ConfigError
from bot.sources.base import Fetched, FetchFailure, Source
from bot.sources.cookbook import FOLDER as COOKBOOK
from bot.sources.http import ApiClient
from bot.sources.recording import RecordingSource
from bot.spend.calendar import ONE_DAY, Span
from bot.spend.rows import CostDay, UsageDay
from tests.fakes import CostRow, FakeOpenAI
from tests.fakes.openai_rows import dumps
from tests.sources.build import at, bucket, cost, envelope
from tests.sources.contract import BROKEN, DAYS, SourceContract
from tests.sources.live import KEY, NOW, Pages, record


class TestContract(SourceContract):
    @pytest.fixture
    def source(self, recorded: Path) -> Source:
        return RecordingSource(recorded)

    @pytest.fixture
    def broken_source(self, server: FakeOpenAI, tmp_path: Path) -> Source:
        server.break_page(2, "missing_data")
        record(Pages(server, (BROKEN - DAYS.start).days + 1), tmp_path / "broken")
        return RecordingSource(tmp_path / "broken")


@pytest.mark.parametrize("days_per_page", [180, 31, 6, 1])
def test_a_replay_gives_what_the_fetch_gave(
    server: FakeOpenAI, tmp_path: Path, days_per_page: int
) -> None:
    server.costs.append(CostRow(date(2026, 11, 5), 5, "proj_x", currency="eur"))
    pages = Pages(server, min(days_per_page, 31))
    live = record(pages, tmp_path / "r")
    replayed = list(RecordingSource(tmp_path / "r").fetch(DAYS))
    assert Counter(map(_without_request, replayed)) == Counter(map(_without_request, live))
    assert len(live) > 200


def _without_request(item: Fetched) -> Fetched:
    """The same item; a recording has no headers, hence no request ids."""
    if isinstance(item, FetchFailure):
        message = item.message
        start, _, rest = message.partition(" (request ")
        message = start + rest.partition(")")[2] if rest else message
        return FetchFailure(item.part, item.days, message, item.hint, item.optional)
    return item


@pytest.mark.parametrize(
    "breach", ["missing_data", "missing_has_more", "null_cursor", "repeat_cursor", "endless"]
)
def test_broken_pages_break_again_in_the_same_way(
    server: FakeOpenAI, tmp_path: Path, breach: Any
) -> None:
    server.break_page(2, breach)
    live = record(Pages(server, 10), tmp_path / "r")
    replayed = list(RecordingSource(tmp_path / "r").fetch(DAYS))
    assert Counter(map(_without_request, replayed)) == Counter(map(_without_request, live))
    assert sum(isinstance(item, FetchFailure) for item in live) == 11


def test_a_fetch_that_had_to_ask_for_less_is_replayed_as_a_whole(
    server: FakeOpenAI, tmp_path: Path
) -> None:
    client = ApiClient(KEY, server.base_url, largest=40_000)
    live = record(client, tmp_path / "r")
    replayed = list(RecordingSource(tmp_path / "r").fetch(DAYS))
    assert Counter(replayed) == Counter(live)
    assert not any(isinstance(item, FetchFailure) for item in live)


def test_a_recording_knows_its_instant_days_and_organisation(recorded: Path) -> None:
    source = RecordingSource(recorded)
    assert (source.as_of(), source.days, source.organization) == (NOW, DAYS, "Acme")


def test_days_outside_are_said_to_be_outside(recorded: Path) -> None:
    span = Span(DAYS.start - 2 * ONE_DAY, DAYS.end + ONE_DAY)
    failed = [i for i in RecordingSource(recorded).fetch(span) if isinstance(i, FetchFailure)]
    assert {failure.message for failure in failed} == {
        "the recording covers 2026-11-01 to 2026-11-20"
    }
    assert [(failure.part, failure.days, failure.optional) for failure in failed] == [
        ("costs", Span(span.start, DAYS.start), True),
        ("usage", Span(span.start, DAYS.start), True),
        ("costs", Span(DAYS.end, span.end), True),
        ("usage", Span(DAYS.end, span.end), True),
    ]


@pytest.mark.parametrize("index_too", [False, True])
def test_gzipped_files_are_read(recorded: Path, index_too: bool) -> None:
    before = Counter(RecordingSource(recorded).fetch(DAYS))
    for path in recorded.iterdir():
        if path.name != "recording.json" or index_too:
            (recorded / f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
            path.unlink()
    assert Counter(RecordingSource(recorded).fetch(DAYS)) == before


def test_pages_may_be_named_with_gz(tmp_path: Path) -> None:
    page = gzip.compress(dumps(envelope(bucket(date(2026, 11, 1), cost(2)))))
    (tmp_path / "one.json.gz").write_bytes(page)
    source = written(tmp_path, calls=[costs_call("one.json.gz", days=1)])
    items = list(source.fetch(Span(DAYS.start, DAYS.start + ONE_DAY)))
    assert sum(row.nanos for day in items if isinstance(day, CostDay) for row in day.rows) == 2e9


def costs_call(*pages: str, days: int = 20, by_key: bool = True) -> dict[str, Any]:
    groups = ["project_id", "line_item"] + ["api_key_id"] * by_key
    params = [["start_time", str(at(DAYS.start))]]
    params += [["end_time", str(at(DAYS.start + timedelta(days=days)))]]
    params += [["group_by", name] for name in groups]
    return {"path": "/organization/costs", "params": params, "pages": list(pages)}


def written(folder: Path, **changes: Any) -> RecordingSource:
    index = {
        "format": 1,
        "as_of": "2026-11-20T09:30:00Z",
        "days": ["2026-11-01", "2026-11-21"],
        "calls": [],
    }
    (folder / "recording.json").write_text(json.dumps(index | changes))
    return RecordingSource(folder)


def costs_of(source: Source) -> list[FetchFailure]:
    items = source.fetch(DAYS)
    return [item for item in items if isinstance(item, FetchFailure) and item.part == "costs"]


@pytest.mark.parametrize(
    ("spoil", "wrong"),
    [
        (lambda path: path.unlink(), "cannot be read: No such file or directory"),
        (lambda path: path.write_text("<html>"), "costs, page 1: the answer is not readable JSON"),
        (lambda path: path.write_text("{}"), "costs, page 1: `data` is missing"),
        (
            lambda path: path.write_text('{"data": [], "has_more": true, "next_page": "2"}'),
            "costs: the recording breaks off, a page is missing",
        ),
    ],
)
def test_a_page_that_cannot_be_read_is_a_failure(
    recorded: Path, spoil: Callable[[Path], object], wrong: str
) -> None:
    spoil(recorded / "costs-0001.json")
    (failure,) = costs_of(RecordingSource(recorded))
    assert failure.message.endswith(wrong)
    assert (failure.days, failure.optional) == (DAYS, False)


@pytest.mark.parametrize("content", [b"\x1f\x8b\x08\x00broken", b"plain", b""])
def test_a_page_that_is_no_gzip_is_a_failure(recorded: Path, content: bytes) -> None:
    (recorded / "costs-0001.json").unlink()
    (recorded / "costs-0001.json.gz").write_bytes(content)
    (failure,) = costs_of(RecordingSource(recorded))
    assert "costs" in failure.message


def test_names_that_cannot_be_read_are_one_optional_failure(recorded: Path) -> None:
    for path in recorded.glob("api_keys-*"):
        path.write_text("[]")
    failed = [i for i in RecordingSource(recorded).fetch(DAYS) if isinstance(i, FetchFailure)]
    assert [(failure.part, len(failure.days), failure.optional) for failure in failed] == [
        ("names", 0, True)
    ]


def test_what_was_never_asked_is_named(tmp_path: Path) -> None:
    items = list(written(tmp_path).fetch(DAYS))
    assert Counter(type(item) for item in items) == {FetchFailure: 11}
    failed = {item.part: item for item in items if isinstance(item, FetchFailure)}
    assert failed["costs"].message == "the recording holds no costs of these days"
    assert failed["usage/images"].message == "the recording holds no usage of images of these days"
    assert [part for part, item in failed.items() if not item.optional] == ["costs"]


def test_a_path_may_occur_twice_and_the_first_to_have_a_day_wins(tmp_path: Path) -> None:
    one, two, three = list(Span(DAYS.start, DAYS.start + 3 * ONE_DAY))
    pages = {"a": [bucket(one, cost(1)), bucket(two, cost(2))], "b": [bucket(two, cost(9))]}
    for name, buckets in pages.items():
        (tmp_path / name).write_bytes(dumps(envelope(*buckets)))
    calls = [costs_call("a", days=2), costs_call("b", days=3)]
    items = written(tmp_path, calls=calls).fetch(Span(one, three + ONE_DAY))
    days = [(i.day, [row.nanos for row in i.rows]) for i in items if isinstance(i, CostDay)]
    assert days == [(one, [10**9]), (two, [2 * 10**9]), (three, [])]


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"format": 2}, "`format` must be 1"),
        ({"as_of": None}, "`as_of` must be an instant such as 2026-11-20T09:30:00Z"),
        ({"as_of": "yesterday"}, "`as_of` must be an instant such as 2026-11-20T09:30:00Z"),
        ({"as_of": "2026-11-20T09:30:00"}, "`as_of` must end with Z or an offset"),
        ({"days": None}, "`days` must be the first day and the day after the last"),
        ({"days": ["2026-11-21", "2026-11-01"]}, "`days` must be the first day and the day after"),
        ({"days": ["2026-11-21"]}, "`days` must be the first day and the day after the last"),
        ({"calls": {}}, "`calls` must be a list"),
        ({"calls": [7]}, "call 1 has no `path`"),
        ({"calls": [{"path": "/x"}]}, "call 1: `pages` must be a list of file names in the same"),
        ({"calls": [{"path": "/x", "pages": ["../x"]}]}, "call 1: `pages` must be a list of file"),
        ({"calls": [{"path": "/x", "pages": ["/etc/passwd"]}]}, "call 1: `pages` must be a list"),
        ({"calls": [{"path": "/x", "pages": [".."]}]}, "call 1: `pages` must be a list of file"),
        ({"calls": [{"path": "/x", "pages": ["a\\b"]}]}, "call 1: `pages` must be a list of file"),
        (
            {"calls": [{"path": "/x", "pages": [], "params": [["a"]]}]},
            "call 1: `params` must be a list of pairs of strings",
        ),
        (
            {"calls": [{"path": "/x", "pages": [], "params": [["start_time", "soon"]]}]},
            "call 1: its times are not a span of Unix seconds",
        ),
        (
            {"calls": [{"path": "/x", "pages": [], "params": [["start_time", "9" * 30]]}]},
            "call 1: its times are not a span of Unix seconds",
        ),
    ],
)
def test_an_index_that_is_wrong_is_refused_with_its_file(
    tmp_path: Path, changes: dict[str, Any], wrong: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        written(tmp_path, **changes)
    assert str(caught.value).startswith(f"{tmp_path}/recording.json: {wrong}")


def test_a_folder_without_a_recording_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        RecordingSource(tmp_path / "none")
    assert str(caught.value) == (
        f"{tmp_path}/none/recording.json: there is no such recording\n"
        "  `bot fetch --record DIR` makes one; source.path names its folder."
    )


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[" * 100_000])
def test_an_index_that_is_no_json_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "recording.json").write_bytes(content)
    with pytest.raises(ConfigError, match=r"recording\.json is not valid JSON"):
        RecordingSource(tmp_path)


def test_the_cookbook_replays() -> None:
    source = RecordingSource(COOKBOOK)
    items = list(source.fetch(source.days))
    days = [item for item in items if isinstance(item, UsageDay)]
    assert source.as_of() == datetime(2025, 1, 15, 10, 46, 20, tzinfo=UTC)
    assert len(days) == 31
    assert [day.day.isoformat() for day in days if not day.whole] == ["2024-12-16", "2025-01-15"]
    rows = [row for day in days for row in day.rows]
    assert sum(row.input_tokens for row in rows) == 21_780_850
    assert sum(row.requests for row in rows) == 20_370
