"""`bot init` writes a configuration and rules that work, or nothing at all."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import pytest

from bot.backtest import Backtest
from bot.cli import run
from bot.commands import init
from bot.commands.answers import Flags, answered
from bot.commands.newfiles import NewFiles
from bot.config import yamlfile
from bot.config.load import Configuration, load_configuration
from bot.config.rulebook import gather_rules
from bot.errors import UsageError
from bot.firstrules import first_rules, round_up
from bot.kinds import Cap
from bot.spend.calendar import Span
from bot.spend.money import from_dollars
from tests.build import Entry, daily, ledger
from tests.cases.stage import Place, Ran
from tests.messages.hostile import NAMES
from tests.snapshots import matches


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def written(home: Path) -> set[str]:
    return {str(p.relative_to(home)) for p in home.rglob("*") if p.is_file()}


# --- the command


def test_what_it_writes_for_the_sample_is_fine_and_runs(
    empty: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["init", "--source", "sample", "--channel", "costs", "--timezone", "UTC"]) == 0
    out, err = capsys.readouterr()
    matches(out, "init.txt", __file__)
    assert err.endswith("wrote config.yaml and rules/budget.yaml\nnext: bot check --dry-run\n")
    matches((empty / "rules/budget.yaml").read_text(), "init-rules.yaml", __file__)
    matches((empty / "config.yaml").read_text(), "init-config.yaml", __file__)
    assert run(["config", "validate"]) == 0
    assert run(["rules", "validate"]) == 0
    assert run(["check", "--dry-run", "--output", "json"]) == 0
    assert written(empty) >= {"config.yaml", "rules/budget.yaml"}
    assert not list(empty.rglob("*.new"))


@pytest.mark.usefixtures("empty")
def test_rules_are_replayed_over_the_days_they_were_worked_out_from() -> None:
    flags = Flags("sample", None, None, None, None, None, None, yes=True, force=False, as_of=None)
    looked = init._looked(answered(flags))
    assert looked.replayed is not None
    assert looked.replayed.days.start == looked.rules.since == date(2026, 8, 23)  # not 12 Aug


def test_a_rate_is_never_zero_for_something() -> None:
    found = Backtest(Span(date(2026, 6, 1), date(2026, 11, 17)), (), (), ())
    assert [found.rate(alerts) for alerts in (0, 1, 2, 48)] == [
        "0.0 per week",
        "under 0.1 per week",
        "0.1 per week",
        "2.0 per week",
    ]


def test_a_usual_month_is_no_news_to_the_budget_that_is_proposed() -> None:
    """A budget is about a tenth above the dearest month: at 80 % it would speak every month."""
    text = first_rules(ledger(daily([100.0] * 89))).text
    rules = gather_rules([], yamlfile.parse(text, "rules.yaml"))
    budget = next(one for one in rules if one.name == "monthly budget")
    assert isinstance(budget, Cap)
    assert (budget.steps, budget.forecast_steps) == ((100.0,), (100.0,))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "--source is missing"),
        (("--source", "recording"), "--path is missing"),
        (("--source", "sample", "--channel", "a b"), 'write "#llm-costs" or C0123ABCD'),
        (("--source", "sample", "--timezone", "Mars/X"), "is no time zone"),
    ],
)
def test_what_is_missing_without_a_terminal_names_its_flag(
    empty: Path, arguments: tuple[str, ...], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["init", *arguments]) == 2
    assert words in capsys.readouterr().err
    assert written(empty) == set()


def test_nothing_is_overwritten_without_force(
    empty: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (empty / "config.yaml").write_text("mine")
    assert run(["init", "--source", "sample"]) == 2
    assert "config.yaml would be overwritten" in capsys.readouterr().err
    assert (empty / "config.yaml").read_text() == "mine"
    assert run(["init", "--source", "sample", "--force"]) == 0
    assert run(["config", "validate"]) == 0


def test_rules_of_somebody_else_are_left_alone(
    empty: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (empty / "rules").mkdir()
    (empty / "rules/default.yaml").write_text("rules: []")
    assert run(["init", "--source", "sample", "--rules", "rules", "--force"]) == 2
    assert "rules holds other rules: default.yaml" in capsys.readouterr().err
    assert run(["init", "--source", "sample"]) == 0
    assert written(empty) == {"config.yaml", "rules/default.yaml", "budget-rules/budget.yaml"}


def test_without_a_key_the_rules_are_guesses_and_it_says_how_to_do_better(
    empty: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(["init", "--source", "openai"]) == 0
    out, err = capsys.readouterr()
    assert "export OPENAI_ADMIN_KEY=…" in err
    assert out == "There is no history yet: the numbers are guesses.\n"
    monkeypatch.setenv("OPENAI_ADMIN_KEY", "sk-admin-test")
    assert run(["config", "validate"]) == 0
    assert "sk-admin-test" not in "".join(p.read_text() for p in empty.rglob("*.yaml"))


def _init(place: Place) -> Ran:
    for name in ("config.yaml", "rules.yaml"):
        (place.home / name).unlink(missing_ok=True)
    source = ("init", "--source", "openai", "--base-url", place.openai.base_url)
    return place.run(*source, "--as-of", "2026-11-20T09:30:00Z")


def test_a_real_bill_is_fetched_into_the_configured_database_and_nothing_is_sent(
    place: Place,
) -> None:
    assert _init(place).code == 0
    rules = {one.name: one for one in _loaded(place).rulebook.rules}
    caps = rules["project daily caps"]
    assert isinstance(caps, Cap)
    # the busiest usual day is $100 and $20, 1.3 times that is 130 and 26: the next round numbers
    assert _limits(caps) == {"Search": 150, "Support chat": 30, "default": 30}
    assert place.database.exists()
    assert place.keys == []
    assert "sk-admin-test" not in (place.home / "config.yaml").read_text()


def _limits(rule: Cap) -> dict[str, float]:
    return {glob: float(limit) for glob, limit in (rule.limit_usd or {}).items()}


def _loaded(place: Place) -> Configuration:
    return load_configuration(place.home / "config.yaml", dict(os.environ))


def test_a_wrong_key_is_told_and_the_files_are_written_with_guesses(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_ADMIN_KEY", "sk-admin-wrong")
    ran = _init(place)
    assert ran.code == 4
    assert ran.out == "There is no history yet: the numbers are guesses.\n"
    assert "bot: " in ran.err
    assert "sk-admin-wrong" not in ran.err
    assert _loaded(place).rulebook.enabled


def test_hostile_project_names_come_out_as_rules_that_load_and_fit_them() -> None:
    days = [200.0] * 30
    entries = [daily(days, project=f"proj_{n}") for n in range(len(NAMES))]
    called = {f"proj_{n}": name for n, name in enumerate(NAMES)}
    for shift in range(len(NAMES)):  # the dearest dozen have entries of their own: all in turn
        dear = daily([900.0] * 30, project=f"proj_{shift}")
        book = ledger(*entries, dear, names={"project": called})
        rules = gather_rules([], yamlfile.parse(first_rules(book).text, "rules.yaml"))
        (caps,) = [one for one in rules if one.name == "project daily caps"]
        assert isinstance(caps, Cap)
        ids = (f"proj_{shift}",)
        assert caps.limit_of(ids, caps.full_names(book, ids)) == from_dollars(1500)


# --- questions on a terminal


def _on_a_terminal(home: Path, *typed: bytes) -> tuple[int, str]:
    """Runs `bot init` on a pseudo-terminal and types after each question."""
    main, side = pty.openpty()
    command = [sys.executable, "-m", "bot", "init"]
    root = Path(__file__).parent.parent.parent
    environ = {**os.environ, "PYTHONPATH": str(root), "TERM": "dumb"}
    child = subprocess.Popen(
        command, cwd=home, stdin=side, stdout=side, stderr=side, env=environ, start_new_session=True
    )
    os.close(side)
    seen = ""
    for question, answer in zip((b"sample", b"channel", b"zone", b"[Y/n]"), typed, strict=False):
        seen += _until(main, question.decode())
        os.write(main, answer)
    seen += _until(main, None)
    os.close(main)
    return child.wait(timeout=30), seen


def _until(terminal: int, words: str | None) -> str:
    seen, end = "", time.monotonic() + 30
    while time.monotonic() < end:
        try:
            part = os.read(terminal, 4096)
        except OSError:  # the other side is gone
            break
        if not part:
            break
        seen += part.decode("utf-8", "replace")
        if words and words in seen and seen.rstrip("\x1b[0m ").endswith(":"):
            break
    return seen


def test_on_a_terminal_it_asks_and_writes_after_a_yes(empty: Path) -> None:
    code, seen = _on_a_terminal(empty, b"sample\n", b"team\n", b"Asia/Tokyo\n", b"y\n")
    assert code == 0, seen
    text = (empty / "config.yaml").read_text()
    assert 'channel: "#team"' in text
    assert "timezone: Asia/Tokyo" in text


def test_a_no_writes_nothing(empty: Path) -> None:
    code, seen = _on_a_terminal(empty, b"sample\n", b"\n", b"\n", b"n\n")
    assert (code, written(empty)) == (0, set()), seen
    assert "nothing was written" in seen


# --- files together or not at all


def put(**texts: str) -> None:
    with NewFiles() as files:
        for name, text in texts.items():
            files.write(Path(name.replace("_", "/")), text)


def test_a_file_that_cannot_be_written_leaves_what_was_there(empty: Path) -> None:
    (empty / "config").write_text("old")
    (empty / "blocked").write_text("a file where a folder should be")
    with pytest.raises(UsageError, match="name a place that can be written"):
        put(rules_budget="new", config="new", blocked_file="new")
    assert written(empty) == {"config", "blocked"}
    assert (empty / "config").read_text() == "old"
    assert not (empty / "rules").exists()


def test_nothing_is_written_after_ctrl_c_in_the_block(empty: Path) -> None:
    files = NewFiles()
    files.write(empty / "config.yaml", "new")
    files.__exit__(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert written(empty) == set()


# --- the numbers


@pytest.mark.parametrize(
    ("dollars", "limit"), [(0.2, 1), (1, 1), (1.01, 1.2), (81, 100), (131, 150), (801, 1000)]
)
def test_a_limit_is_the_next_round_number(dollars: float, limit: float) -> None:
    assert float(round_up(from_dollars(dollars))) == limit


def test_one_wild_day_does_not_set_the_caps() -> None:
    calm, wild = [10.0] * 60, [10.0] * 53 + [5_000.0] + [10.0] * 6
    for values in (calm, wild):
        text = first_rules(ledger(daily(values, project="proj_a"))).text
        assert "proj_a: 15  # $10.00" in text


def test_many_projects_share_a_default() -> None:
    entries: list[Entry] = []
    for n in range(40):
        entries += daily([100.0 if n < 3 else 1.0] * 30, project=f"proj_{n}")
    text = first_rules(ledger(entries)).text
    (rule,) = [
        one
        for one in gather_rules([], yamlfile.parse(text, "rules.yaml"))
        if one.name == "project daily caps"
    ]
    assert isinstance(rule, Cap)
    assert _limits(rule) == {"proj_0": 150, "proj_1": 150, "proj_2": 150, "default": 1.5}
