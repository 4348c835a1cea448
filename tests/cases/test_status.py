"""`bot status` on its quick way: the words of the whole way, and no verdict that is too old."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest

import bot
from bot.commands.bearings import Memory
from bot.commands.wholestatus import told_bearings
from bot.config.load import load_configuration
from bot.config.written import read_written
from bot.store.light import open_light
from bot.store.tallies import TICKED, beat, count
from tests.cases.stage import DAY_CAP, NOW, Place, Ran, at

HEAVY = {"pandas", "numpy", "matplotlib", "sqlalchemy", "slack_sdk", "pydantic", "requests", "rich"}
TOKEN = "xoxb-canary-of-status"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where what was found in order is noted."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    return folder


def is_quick() -> bool:
    """Whether what is there now was noted as in order."""
    return Memory(Path("config.yaml"), os.environ).recalled() is not None


def both_ways(place: Place, cache: Path, output: str, hours: float = 1) -> tuple[Ran, Ran]:
    """Status by the whole way, which notes what it found; and by the quick one."""
    for noted in cache.rglob("*.json"):
        noted.unlink()
    assert not is_quick()
    whole = place.run("status", "--output", output, *at(hours))
    assert is_quick()
    return whole, place.run("status", "--output", output, *at(hours))


def broken_channel(place: Place) -> None:
    place.slack.channels[0].is_archived = True
    assert place.bot("check", *at(0)) == 5


def acknowledged_and_snoozed(place: Place) -> None:
    place.write(
        "rules.yaml",
        "rules:\n- {name: day cap, kind: cap, limit_usd: 200, steps: [10, 50]}\n"
        "- {name: caps, kind: cap, per: project, limit_usd: 20}\n",
    )
    place.bot("check", *at(0))
    place.bot("ack", "day-cap/", "--by", "ann", *at(0.5))
    place.bot("snooze", "caps/", "4h", *at(0.5))


def worker_and_gaps(place: Place) -> None:
    place.bot("check", *at(0))
    url = f"sqlite:///{place.database}"
    open_light(url).change(beat(f"{TICKED}here", NOW), count("skipped/digest/daily", 3))
    with closing(sqlite3.connect(place.database)) as connection, connection:
        connection.execute("DELETE FROM days WHERE day % 3 = 0")
        connection.execute("UPDATE days SET failed_at = fetched_at, error = 'no' WHERE day % 4 = 0")
    place.edit(
        "rules: rules.yaml", 'rules: rules.yaml\nschedule: {digest: {weekly: "friday 07:00"}}'
    )


def nothing(place: Place) -> None:
    """No check yet: there is no database."""


@pytest.mark.parametrize(
    "story", [nothing, broken_channel, acknowledged_and_snoozed, worker_and_gaps]
)
@pytest.mark.parametrize("output", ["text", "json"])
def test_both_ways_tell_the_same(
    place: Place, cache: Path, story: Callable[[Place], None], output: str
) -> None:
    story(place)
    for hours in (1, 30):
        whole, quick = both_ways(place, cache, output, hours)
        assert quick == whole
        assert whole.code in (0, 5)


def test_the_quick_way_loads_nothing_heavy(place: Place) -> None:
    place.bot("check", *at(0))
    place.bot("status", *at(0))
    command = [sys.executable, "-X", "importtime", "-m", "bot", "status"]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, cwd=place.home)
    loaded = {
        name.partition(".")[0] for name in re.findall(r"\| +(\S+)$", ran.stderr, re.MULTILINE)
    }
    assert "yaml" in loaded
    assert loaded & HEAVY == set()


EDITS: dict[str, Callable[[Place], None]] = {
    "a setting": lambda place: place.edit("history_days: 12", "history_days: 13"),
    "a setting that is wrong": lambda place: place.edit("history_days: 12", "history_days: 0"),
    "an unknown key": lambda place: place.edit("history_days: 12", "histery_days: 12"),
    "a key twice": lambda place: place.edit("rules: rules.yaml", "rules: a\nrules: rules.yaml"),
    "a secret in the file": lambda place: place.edit("${SLACK_BOT_TOKEN:-}", TOKEN),
    "a rule": lambda place: place.write("rules.yaml", "rules: [{name: a, kind: new, per: model}]"),
    "a number in a rule": lambda place: place.write("rules.yaml", DAY_CAP.replace("200", "300")),
    "a rule that is wrong": lambda place: place.write("rules.yaml", "rules: [{kind: new}]"),
    "no rules": lambda place: (place.home / "rules.yaml").unlink(),
    "no configuration": lambda place: (place.home / "config.yaml").unlink(),
}


FINE = ("a setting", "a rule", "a number in a rule")


@pytest.mark.parametrize("edit", EDITS)
def test_after_an_edit_all_is_judged_anew(
    place: Place, monkeypatch: pytest.MonkeyPatch, edit: str
) -> None:
    place.bot("status")
    assert is_quick()
    EDITS[edit](place)
    assert not is_quick()
    ran = place.run("status", *at(1))
    monkeypatch.setenv("XDG_CACHE_HOME", "/dev/null")
    assert ran == place.run("status", *at(1))
    assert ran.code == (0 if edit in FINE else 3)


@pytest.mark.parametrize(
    ("variable", "value", "quick"),
    [
        ("CHANNEL", "#other", False),
        ("SLACK_BOT_TOKEN", "xoxb-another", True),  # a key as good as the other
        ("SLACK_BOT_TOKEN", "", False),
        ("PING", "https://ping.example/another", True),
        ("PING", "http://ping.example/unsafe", False),
        ("DATABASE_URL", "sqlite:///other.db", False),
        ("UNUSED", "x", True),
    ],
)
def test_what_the_environment_changes_is_noticed(
    place: Place, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, quick: bool
) -> None:
    monkeypatch.setenv("CHANNEL", "#llm-costs")
    monkeypatch.setenv("PING", "https://ping.example/one")
    monkeypatch.setenv("DATABASE_URL", "sqlite:///budget-bot.db")
    place.edit("slack:\n", 'slack:\n  channel: "${CHANNEL}"\n')
    place.edit(
        "rules: rules", "heartbeat_url: ${PING}\nstore: {url: '${DATABASE_URL}'}\nrules: rules"
    )
    place.bot("status")
    assert is_quick()
    monkeypatch.setenv(variable, value)
    assert is_quick() is quick


def test_what_was_judged_is_not_taken_for_what_was_there_before_an_edit(place: Place) -> None:
    memory = Memory(Path("config.yaml"), os.environ)
    before = memory.fingerprint()
    place.edit("history_days: 12", "history_days: 13")  # while it is judged
    told = told_bearings(load_configuration(Path("config.yaml"), os.environ))
    memory.note(told, before)
    place.edit("history_days: 13", "history_days: 12")
    assert not is_quick()


def test_no_secret_is_noted(place: Place, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", TOKEN)
    place.bot("status")
    (noted,) = cache.rglob("*.json")
    assert TOKEN not in noted.read_text()
    assert TOKEN not in repr(read_written(Path("config.yaml"), os.environ, []))
    assert sha256(TOKEN.encode()).hexdigest() not in noted.read_text()
    assert noted.stat().st_mode & 0o077 == 0


def test_on_the_quick_way_secrets_are_hidden_too(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "no-form-of-a-token")
    place.bot("check", *at(0))
    with closing(sqlite3.connect(place.database)) as connection, connection:
        connection.execute("UPDATE outbox SET state = 'pending', error = 'no-form-of-a-token'")
    command = [sys.executable, "-m", "bot", "status", "--output", "json"]
    for _ in range(2):
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
        assert '"error": "***"' in ran.stdout
        assert "no-form-of-a-token" not in ran.stdout
    assert is_quick()


@pytest.mark.parametrize("proxy", ["http://ann:pa55word@a.example:1", "http://pa55word@a.example"])
def test_where_an_address_has_a_password_nothing_is_noted(
    place: Place, cache: Path, monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    monkeypatch.setenv("PROXY", proxy)
    place.edit("slack:\n", "slack:\n  proxy: ${PROXY}\n")
    assert place.bot("status") == 0
    assert list(cache.rglob("*.json")) == []


def test_of_a_database_with_parameters_nothing_is_noted(place: Place, cache: Path) -> None:
    place.edit("rules: rules", "store: {url: 'sqlite:///a.db?timeout=3'}\nrules: rules")
    assert place.bot("status") == 0
    assert list(cache.rglob("*.json")) == []


def test_a_note_that_others_may_write_is_not_believed(place: Place, cache: Path) -> None:
    place.bot("status")
    (noted,) = cache.rglob("*.json")
    noted.chmod(0o620)
    assert not is_quick()


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", '{"of": 1}', "\xff", "[" * 60_000])
def test_a_broken_note_is_as_good_as_none(place: Place, cache: Path, text: str) -> None:
    first = place.run("status", *at(1))
    (noted,) = cache.rglob("*.json")
    noted.write_text(text, "latin-1")
    assert place.run("status", *at(1)) == first
    assert is_quick()


@pytest.mark.parametrize("days", ["2.5", "-3", "null", "1000000000", "13"])
def test_a_note_whose_numbers_were_changed_is_not_believed(
    place: Place, cache: Path, days: str
) -> None:
    first = place.run("status", *at(1))
    (noted,) = cache.rglob("*.json")
    text = noted.read_text()
    assert text.count('"history_days": 12,') == 1
    noted.write_text(text.replace('"history_days": 12,', f'"history_days": {days},'))
    assert place.run("status", *at(1)) == first


def test_a_pipe_in_the_place_of_a_note_holds_nobody_up(place: Place, cache: Path) -> None:
    place.bot("status")
    (noted,) = cache.rglob("*.json")
    noted.unlink()
    os.mkfifo(noted)
    command = [sys.executable, "-m", "bot", "status"]
    subprocess.run(command, capture_output=True, check=True, cwd=place.home, timeout=20)
    assert is_quick()


def test_a_note_that_a_link_leads_to_is_not_believed(place: Place, cache: Path) -> None:
    place.bot("status")
    (noted,) = cache.rglob("*.json")
    elsewhere = noted.rename(place.home / "note.json")
    noted.symlink_to(elsewhere)
    assert not is_quick()


def test_a_rule_file_that_is_too_large_is_not_read_whole(place: Place) -> None:
    with (place.home / "rules.yaml").open("wb") as file:
        file.truncate(2**40)  # more than memory holds
    ran = place.run("status", *at(1))
    assert (ran.code, ran.err) == (3, "bot: rules.yaml: is larger than 256 KB\n1 problem\n")


@pytest.mark.parametrize("file", ["x" * 300 + ".db", "circle.db"])
def test_a_database_that_cannot_be_looked_at_is_told_with_a_way_out(
    place: Place, file: str
) -> None:
    (place.home / "circle.db").symlink_to(place.home / "circle.db")
    place.edit("rules: rules", f"store: {{url: 'sqlite:///{file}'}}\nrules: rules")
    for command in (("status",), ("status",), ("check", "--dry-run"), ("export", "alerts")):
        ran = place.run(*command)
        assert ran.code == 3
        assert "unable to open database file\n  the folder must exist" in ran.err
    assert place.health()[0] == 1


def test_without_a_place_for_notes_status_goes_on(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.delenv("HOME")
    assert place.bot("status") == 0
    assert not is_quick()


def test_the_program_is_part_of_the_verdict(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "program"
    shutil.copytree(Path(bot.__file__).parent, copy)
    monkeypatch.setattr(bot, "__file__", str(copy / "__init__.py"))
    place.bot("status")
    assert is_quick()
    with monkeypatch.context() as patch:
        patch.setattr(bot, "__version__", "99.0")
        assert not is_quick()
    assert is_quick()
    with (copy / "kinds" / "cap.py").open("a") as file:
        file.write("# edited")
    assert not is_quick()


def test_a_database_of_another_version_is_read_on_the_whole_way(place: Place) -> None:
    place.bot("check", *at(0))
    place.bot("status", *at(0))
    with closing(sqlite3.connect(place.database)) as connection, connection:
        connection.execute("UPDATE meta SET value = '99' WHERE name = 'schema'")
    ran = place.run("status", *at(0))
    assert ran.code == 3
    assert "written by a newer version of the bot (schema 99" in ran.err


def test_status_waits_for_who_writes(place: Place) -> None:
    place.bot("check", *at(0))
    place.edit("rules: rules.yaml", "store: {url: 'sqlite:///budget-bot.db'}\nrules: rules.yaml")
    first = place.run("status", *at(0))
    with closing(sqlite3.connect(place.database, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")  # a reader need not wait for what is not written yet
        assert place.run("status", *at(0)) == first
        writer.execute("ROLLBACK")
        place.edit("budget-bot.db'", "budget-bot.db?timeout=0.1'")
        writer.execute("BEGIN EXCLUSIVE")
        ran = place.run("status", *at(0))
        assert ran.code == 3
        assert "locked" in ran.err
        writer.execute("ROLLBACK")
    assert place.run("status", *at(0)) == first
