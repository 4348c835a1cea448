"""A person's mistake in a file: exit 3, the file and the line, the way out, no traceback."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bot.cli import run

GOOD_RULES = "rules: [{name: cap, kind: cap, per: project, limit_usd: 5}]\n"

BROKEN_CONFIGS = [
    ("sorce: {kind: sample}", "config.yaml:1:1: ", "did you mean 'source'?"),
    ("source:\n  kind: smaple", "config.yaml:2:9: ", "did you mean 'sample'?"),
    ("source:\n  kind: recording", "config.yaml:1:1: ", "needs `path`"),
    ("source:\n  history_days: many", "config.yaml:2:17: ", "history_days"),
    ("source:\n  history_days: 0", "config.yaml:2:17: ", "1"),
    ("source:\n  kind: openai", "config.yaml", "OPENAI_ADMIN_KEY is not set"),
    ("source:\n  kind: openai\n  admin_key: sk-admin-123456", "config.yaml:3:14: ", "secret"),
    ("slack:\n  bot_token: xoxb-123456", "config.yaml:2:14: ", "secret"),
    ("slack:\n  chanel: x", "config.yaml:2:3: ", "did you mean 'channel'?"),
    ("slack:\n  channel: no", "config.yaml:2:12: ", "no"),
    ("schedule:\n  timezone: Europe/Berln", "config.yaml:2:13: ", "time zone"),
    ("schedule:\n  check_every: 1 fortnight", "config.yaml:2:16: ", "30m, 4h, 7d or 2w"),
    ("schedule:\n  digest: {daily: '25:00'}", "config.yaml:2:19: ", "09:00"),
    ("source: {kind: sample}\nsource: {kind: sample}", "config.yaml:2:1: ", "source"),
    ("source: &a {kind: sample}\nstore: *a", "config.yaml:1:9: ", "anchor"),
    ("source:\n\tkind: sample", "config.yaml:2:", "tab"),
    ("- a\n- b", "config.yaml:1:1: ", "mapping of sections"),
    ("rules: nowhere/", "nowhere", "there are no rules here"),
    ("source: {break_down_by: [line_item]}", "config.yaml", "broken down by project"),
]

BROKEN_RULES = [
    ("rules:\n  - {name: a, kind: cpa, limit_usd: 5}", "rules.yaml:2:21: ", "did you mean 'cap'?"),
    ("rules:\n  - {name: a, limit_usd: 5}", "rules.yaml:2:5: ", "needs a `kind`"),
    ("rules:\n  - {kind: cap, limit_usd: 5}", "rules.yaml:2:5: ", "name"),
    ("rules:\n  - {name: a, kind: cap}", "rules.yaml:2:5: ", "takes one limit: `limit_usd`"),
    ("rules:\n  - {name: a, kind: cap, limt_usd: 5}", "rules.yaml:2:26: ", "'limit_usd'?"),
    ("rules:\n  - {name: a, kind: cap, limit_usd: -5}", "rules.yaml:2:37: ", "0"),
    ("rules:\n  - {name: a, kind: spike, per: projct}", "rules.yaml:2:33: ", "'project'?"),
    ("rules:\n  - {name: a, kind: spike, severity: high}", "rules.yaml:2:38: ", "critical"),
    (
        "rules:\n  - {name: a, kind: spike}\n  - {name: a, kind: spike}",
        "rules.yaml:3:12: ",
        "the name 'a' is taken by",
    ),
    ("rulez: []", "rules.yaml:", "a list under the key `rules`"),
    ("rules: [{name: a, kind: spike, enabled: off}]", "rules.yaml:1:41: ", "write false, or put"),
]


def _write(folder: Path, config: str, rules: str) -> Path:
    if "rules:" not in config and not config.startswith("-"):
        config += "\nrules: rules.yaml\n"
    (folder / "config.yaml").write_text(config, encoding="utf-8")
    (folder / "rules.yaml").write_text(rules, encoding="utf-8")
    return folder / "config.yaml"


@pytest.mark.parametrize(
    ("config", "rules", "place", "said"),
    [
        *[(text, GOOD_RULES, place, said) for text, place, said in BROKEN_CONFIGS],
        *[("source: {kind: sample}", text, place, said) for text, place, said in BROKEN_RULES],
    ],
)
def test_a_mistake_in_a_file_is_told_with_its_place_and_the_way_out(
    config: str,
    rules: str,
    place: str,
    said: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = _write(tmp_path, config, rules)
    assert run(["check", "--dry-run", "--config", str(path)]) == 3
    shown = capsys.readouterr()
    assert place in shown.err
    assert said in shown.err
    assert "Traceback" not in shown.err
    assert "123456" not in shown.err
    assert shown.out == ""


def test_all_mistakes_of_all_files_come_in_one_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = _write(tmp_path, "slack: {chanel: x}", "rules: [{name: a, kind: cpa}]")
    assert run(["config", "validate", "--config", str(path)]) == 3
    shown = capsys.readouterr().err
    assert "config.yaml:1:" in shown


@pytest.mark.parametrize("config", ["sorce: {kind: sample}", "a: [1, 2"])
def test_a_mistake_leaves_no_traceback_in_a_process_of_its_own(config: str, tmp_path: Path) -> None:
    path = _write(tmp_path, config, GOOD_RULES)
    done = subprocess.run(
        [sys.executable, "-m", "bot", "check", "--config", str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (3, "")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", [["--help"], ["check", "--help"], ["health"]])
def test_the_quick_commands_load_nothing_heavy(command: list[str], tmp_path: Path) -> None:
    heavy = ["pandas", "numpy", "matplotlib", "sqlalchemy", "slack_sdk", "pydantic", "requests"]
    code = (
        "import sys, bot.__main__ as m\n"
        f"sys.argv = ['bot', *{command!r}]\n"
        "try:\n    m.main()\nexcept SystemExit:\n    pass\n"
        f"print([name for name in {heavy!r} if name in sys.modules], file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert done.stderr.strip() == "[]"


def test_validating_loads_no_database_pictures_or_slack(tmp_path: Path) -> None:
    path = _write(tmp_path, "source: {kind: sample}", GOOD_RULES)
    heavy = ["pandas", "matplotlib", "sqlalchemy", "slack_sdk"]
    code = (
        "import sys\nfrom bot.cli import run\n"
        f"assert run(['config', 'validate', '--config', {str(path)!r}]) == 0\n"
        f"print([name for name in {heavy!r} if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("[]\n")
