"""Saving what a fetch reads."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from bot.errors import UsageError
from bot.sources.http import ApiClient
from bot.sources.openai import OpenAISource
from bot.sources.paging import Answer, Params
from bot.sources.recorder import Recorder
from bot.sources.recording import RecordingSource
from tests.fakes import FakeOpenAI
from tests.sources.contract import DAYS
from tests.sources.live import KEY, NOW, Scripted


def test_neither_key_nor_header_is_recorded(recorded: Path, server: FakeOpenAI) -> None:
    for path in recorded.iterdir():
        content = path.read_bytes()
        assert KEY.encode() not in content
        assert b"req_" not in content
        assert b"127.0.0.1" not in content
    assert server.requests


def test_pages_are_kept_byte_for_byte_and_for_the_owner_alone(
    server: FakeOpenAI, recorded: Path
) -> None:
    index = json.loads((recorded / "recording.json").read_bytes())
    (call,) = [call for call in index["calls"] if call["path"] == "/organization/costs"]
    params = tuple((name, value) for name, value in call["params"])
    again = ApiClient(KEY, server.base_url).get(call["path"], params)
    assert (recorded / call["pages"][0]).read_bytes() == again.body
    assert stat.S_IMODE((recorded / call["pages"][0]).stat().st_mode) == 0o600
    assert stat.S_IMODE(recorded.stat().st_mode) == 0o700
    assert index["as_of"] == "2026-11-20T09:30:00Z"
    assert index["days"] == ["2026-11-01", "2026-11-21"]


def test_the_recording_exists_only_when_it_is_finished(server: FakeOpenAI, tmp_path: Path) -> None:
    recorder = Recorder(ApiClient(KEY, server.base_url), tmp_path / "r", as_of=NOW)
    list(OpenAISource(recorder).fetch(DAYS))
    assert not (tmp_path / "r" / "recording.json").exists()
    assert recorder.finish(DAYS) == tmp_path / "r" / "recording.json"
    assert not [path for path in (tmp_path / "r").iterdir() if path.suffix == ".part"]


HOSTILE = ["../../etc/passwd", "..", "proj_a b", "proj/../x", "C:\\x", "A" * 300, "ünïcode", "a\nb"]


def test_file_names_are_plain_whatever_the_ids_hold(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "r"
    recorder = Recorder(Scripted(lambda _path, _params: b"{}"), folder, as_of=NOW)
    for project in [*HOSTILE, "proj_a", "PROJ_A"]:
        recorder.get(f"/organization/projects/{project}/api_keys", ())
    recorder.finish(DAYS)
    names = {path.name.lower() for path in folder.iterdir()}
    assert len(names) == len(HOSTILE) + 3
    assert all(len(name) < 200 and name.isascii() and name.isprintable() for name in names)
    assert [path.name for path in tmp_path.iterdir()] == ["deep"]
    assert len(RecordingSource(folder)._recording.calls) == len(HOSTILE) + 2


def test_the_same_question_twice_is_two_calls(tmp_path: Path) -> None:
    recorder = Recorder(Scripted(lambda _path, _params: b"{}"), tmp_path / "r", as_of=NOW)
    for params in [(), (("page", "2"),), (), (("page", "2"),)]:
        recorder.get("/organization/costs", params)
    index = json.loads(recorder.finish(DAYS).read_bytes())
    assert [call["pages"] for call in index["calls"]] == [
        ["costs-0001.json", "costs-0002.json"],
        ["costs-0003.json", "costs-0004.json"],
    ]


def recorder_in(folder: Path) -> Recorder:
    return Recorder(Scripted(lambda _path, _params: b"{}"), folder, as_of=NOW)


def test_an_empty_folder_is_taken_and_a_full_one_refused(tmp_path: Path) -> None:
    recorder_in(tmp_path)
    (tmp_path / "mine.txt").write_text("precious")
    with pytest.raises(UsageError, match="is not empty: a recording starts afresh"):
        recorder_in(tmp_path)


def test_neither_a_file_nor_a_link_is_recorded_into(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    for name in ("file", "link", "dangling"):
        with pytest.raises(UsageError, match="is not a folder to record into"):
            recorder_in(tmp_path / name)


@pytest.mark.parametrize("name", ["costs-0001.json", "costs-0001.json.part"])
def test_no_link_is_followed_that_appears_while_recording(tmp_path: Path, name: str) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    recorder = recorder_in(tmp_path / "r")
    (tmp_path / "r" / name).symlink_to(victim)
    with pytest.raises(UsageError):
        recorder.get("/organization/costs", ())
    assert victim.read_text() == "precious"


@pytest.mark.parametrize("name", ["costs-0001.json", "costs-0001.json.part"])
def test_no_file_is_overwritten_that_appears_while_recording(tmp_path: Path, name: str) -> None:
    recorder = recorder_in(tmp_path / "r")
    (tmp_path / "r" / name).write_text("precious")
    with pytest.raises(UsageError):
        recorder.get("/organization/costs", ())
    assert (tmp_path / "r" / name).read_text() == "precious"


def test_params_are_kept_in_order_and_without_cursor(tmp_path: Path) -> None:
    recorder = recorder_in(tmp_path / "r")
    asked: Params = (("limit", "1"), ("group_by", "b"), ("group_by", "a"))
    assert recorder.get("/organization/costs", asked) == Answer(b"{}")
    recorder.get("/organization/costs", (*asked, ("page", "x=")))
    (call,) = json.loads(recorder.finish(DAYS).read_bytes())["calls"]
    assert call["params"] == [["limit", "1"], ["group_by", "b"], ["group_by", "a"]]
    assert len(call["pages"]) == 2
