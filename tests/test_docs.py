"""What the documents show works."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import pytest

from bot.cli import bot, run
from bot.config import yamlfile
from bot.config.load import load_configuration
from bot.config.rulebook import load_rulebook
from bot.kinds import KINDS, Rule
from bot.report import DataState, Report, as_json
from bot.spend.currency import USD
from bot.spend.metrics import Metric
from tools.pictures import PICTURES

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
PROMISED: set[str] = set()
"""Commands that the documents name although they are not there yet, and say so."""


def _text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def _blocks(page: Path, kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", _text(page), re.DOTALL)


def _shown(kind: str) -> list[str]:
    return [text for page in PAGES for text in _blocks(page, kind)]


# --- command lines


def _code(text: str) -> Iterator[str]:
    """Lines of fenced blocks without comments, and inline code."""
    fence = re.compile(r"(?ms)^ *```[^\n]*\n(.*?)^ *```")
    for block in fence.findall(text):
        yield from (line.partition(" #")[0] for line in block.replace("\\\n", " ").splitlines())
    yield from re.findall(r"`([^`\n]+)`", fence.sub("", text))


def _command_lines(text: str) -> Iterator[str]:
    """What follows `bot`: at the start of inline code or a shell command, or of `.venv/bin/bot`."""
    for line in _code(text):
        for part in re.split(r"&&|\|\|?|;", line.replace("\\|", "/")):
            started = re.match(r"(?:.*\s)?(?:\.venv/bin/bot|budget-bot bot)(?=\s)(.*)", part)
            plain = re.match(r"\s*bot(?=\s)(.*)", part)
            if found := started or plain:
                yield found[1].strip()


def _parsed(line: str) -> list[str]:
    """The words that the command of the line leaves over. Raises click's errors."""
    command: click.Command = bot
    words = shlex.split(line)
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        command = command.commands[words.pop(0)]
    context = click.Context(command)
    _, left, _ = command.make_parser(context).parse_args(words)
    return left


LINES = sorted({line for page in PAGES for line in _command_lines(_text(page))} - PROMISED)


@pytest.mark.parametrize("line", LINES)
def test_every_command_line_in_the_documents_exists(line: str) -> None:
    assert _parsed(line) == []


@pytest.mark.parametrize(
    "line", ["chekc", "check --dryrun", "rules explian cap", "health soon", "fetch --since"]
)
def test_a_command_line_that_does_not_exist_would_be_noticed(line: str) -> None:
    try:
        left = _parsed(line)
    except (KeyError, click.UsageError):
        return
    assert left != []


def test_the_commands_are_found_in_the_pages_that_show_them() -> None:
    assert {"check --dry-run", "digest", "fetch --record recordings/acme"} <= set(LINES)
    assert "rules explain <kind>" in set(LINES)


def test_the_table_of_commands_is_complete_and_its_options_exist() -> None:
    rows = re.findall(r"(?m)^\| `bot (\w+)[^|]*\|(.*)\|$", _text(README))
    shown = sorted(name for name, command in bot.commands.items() if not command.hidden)
    assert sorted(name for name, _ in rows) == shown
    for name, row in rows:
        known = {option for one in bot.commands[name].params for option in one.opts}
        assert set(re.findall(r"--[a-z-]+", row)) <= known, name


def test_what_is_promised_is_not_there_yet() -> None:
    assert PROMISED.isdisjoint(bot.commands), "it is there now: say so in README and CHANGELOG"


# --- rules and configuration


def test_every_yaml_block_says_what_it_is() -> None:
    kinds = {kind.strip() for kind in re.findall(r"```yaml([^\n]*)", "".join(map(_text, PAGES)))}
    assert kinds == {"rules", "config", "manifest", "ruletest"}


@pytest.mark.parametrize("text", _shown("yaml rules"))
def test_the_rules_in_the_documents_load(text: str, tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(text, encoding="utf-8")
    assert load_rulebook(file).rules


@pytest.mark.parametrize("text", _shown("yaml config"))
def test_the_configurations_in_the_documents_load(text: str, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "rules", tmp_path / "rules")
    file = tmp_path / "config.yaml"
    file.write_text(text, encoding="utf-8")
    assert load_configuration(file, {"OPENAI_ADMIN_KEY": "key"}).rulebook.enabled


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_example_in_a_kinds_manual_page_loads(kind: str, tmp_path: Path) -> None:
    module = __import__(KINDS[kind].__module__, fromlist=["__doc__"])
    example = re.search(r"Example\n(.*?)\nWhat it says", module.__doc__ or "", re.DOTALL)
    assert example
    file = tmp_path / "example.yaml"
    file.write_text(re.sub(r"(?m)^    ", "", example[1]), encoding="utf-8")
    assert {rule.kind for rule in load_rulebook(file).rules} == {kind}


@pytest.mark.parametrize("text", _shown("yaml ruletest"))
def test_the_rule_tests_in_the_documents_pass(text: str, tmp_path: Path) -> None:
    file = tmp_path / "tests.yaml"
    file.write_text(text, encoding="utf-8")
    assert run(["rules", "test", str(file)]) == 0


def test_the_page_on_testing_rules_shows_what_a_failure_prints(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = ROOT / "docs" / "testing-rules.md"
    (text,), (shown,) = _blocks(page, "yaml ruletest"), _blocks(page, "text")
    wrong = text.replace("day: 2026-11-19, step: 100", "day: 2026-11-19, step: 80")
    assert wrong != text
    (tmp_path / "my-tests.yaml").write_text(wrong, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert run(["rules", "test", "my-tests.yaml"]) == 1
    printed = capsys.readouterr().out
    assert shown == printed


RULE_FILES = [p for p in sorted((ROOT / "rules").rglob("*.yaml")) if p.parent.name != "tests"]


@pytest.mark.parametrize("file", RULE_FILES, ids=lambda p: p.name)
def test_the_ready_made_rules_load(file: Path) -> None:
    assert load_rulebook(file).rules


def test_the_example_configuration_says_every_default() -> None:
    written = load_configuration(ROOT / "config.example.yaml", {})
    assert written.settings.model_dump() == type(written.settings)().model_dump()
    assert written.settings.rules == Path("rules/")


def _first_cells(heading: str) -> set[str]:
    """The words in code of the first column of the table under a heading of docs/rules.md."""
    section = _text(ROOT / "docs/rules.md").partition(f"## {heading}\n")[2].partition("\n## ")[0]
    cells = re.findall(r"(?m)^\|([^|]*)\|", section)
    return {word for cell in cells for word in re.findall(r"`(\w+)`", cell)}


def test_the_page_on_rules_knows_every_kind_field_and_metric() -> None:
    assert _first_cells("Kinds") == set(KINDS)
    assert _first_cells("Metrics") == set(Metric)
    assert _first_cells("What every rule has") == set(Rule.model_fields)


# --- Slack


def _manifests() -> list[Any]:
    """The send-only one, and the full one."""
    texts = _blocks(ROOT / "docs" / "slack-app.md", "yaml manifest")
    return [yamlfile.parse(text, "manifest").data for text in texts]


def test_the_manifest_asks_for_what_the_page_explains_and_no_more() -> None:
    page = ROOT / "docs" / "slack-app.md"
    sends, full = _manifests()
    parts = {"_metadata", "display_information", "features", "oauth_config", "settings"}
    assert set(sends) == set(full) == parts
    explained, more = (
        set(re.findall(r"(?m)^\| `([a-z:.]+)`(?:, `([a-z:.]+)`)?", table))
        for table in _text(page).split("| scope |")[1:]
    )
    scopes = {scope for row in explained for scope in row if scope}
    assert set(sends["oauth_config"]["scopes"]["bot"]) == scopes
    scopes |= {scope for row in more for scope in row if scope}
    assert set(full["oauth_config"]["scopes"]["bot"]) == scopes


def test_the_manifests_keep_to_slacks_lengths_and_the_first_only_sends() -> None:
    sends, full = _manifests()
    for manifest in (sends, full):
        shown, features = manifest["display_information"], manifest["features"]
        assert 0 < len(shown["name"]) <= 35
        assert len(shown["description"]) <= 140
        assert 0 < len(features["bot_user"]["display_name"]) <= 80
    assert set(sends["features"]) == {"bot_user"}
    assert sends["settings"]["socket_mode_enabled"] is False


def test_the_full_manifest_hears_buttons_and_budget_without_an_address() -> None:
    _, full = _manifests()
    assert full["settings"]["socket_mode_enabled"] is True
    assert full["settings"]["interactivity"] == {"is_enabled": True}
    (command,) = full["features"]["slash_commands"]
    assert command["command"] == "/budget"
    assert command["should_escape"] is True
    assert "url" not in command
    words = re.findall(r"[a-z]+", command["usage_hint"].replace("KEY 4h", ""))
    assert words == ["status", "why", "snooze", "ack", "check"]


# --- what a run prints


@pytest.fixture
def sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the example configuration and its rules, and nothing remembered."""
    shutil.copytree(ROOT / "rules", tmp_path / "rules")
    shutil.copy(ROOT / "config.example.yaml", tmp_path / "config.yaml")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _differences(shown: Any, real: Any, where: str = "") -> Iterator[str]:
    """Where an abridged document is not what the real one holds."""
    if isinstance(shown, dict) and isinstance(real, dict):
        if where != "/data/totals" and shown.keys() != real.keys():
            yield f"{where}: {sorted(shown.keys() ^ real.keys())}"
        for key in shown.keys() & real.keys():
            yield from _differences(shown[key], real[key], f"{where}/{key}")
    elif isinstance(shown, list) and isinstance(real, list):
        for number, one in enumerate(shown):
            if not any(list(_differences(one, other)) == [] for other in real):
                yield f"{where}[{number}] is not in the document"
    elif shown != real:
        yield f"{where}: {shown!r} is {real!r}"


@pytest.mark.usefixtures("sample")
def test_the_document_in_docs_json_is_what_the_sample_gives(
    capsys: pytest.CaptureFixture[str],
) -> None:
    (text,) = _blocks(ROOT / "docs" / "json.md", "json")
    assert run(["check", "--dry-run", "--output", "json"]) == 0
    assert list(_differences(json.loads(text), json.loads(capsys.readouterr().out))) == []


def test_docs_json_shows_every_key_of_the_document_in_its_order() -> None:
    (text,) = _blocks(ROOT / "docs" / "json.md", "json")
    nothing = DataState(None, None, (), {}, {}, USD)
    document = as_json(Report(datetime(2026, 11, 20, tzinfo=UTC), nothing))
    assert list(json.loads(text)) == list(document)
    assert list(json.loads(text)["data"]) == list(document["data"])


def test_the_readme_shows_how_the_demo_begins(
    sample: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = _blocks(README, "text")[0].splitlines()
    assert run(["check", "--dry-run"]) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[: len(shown)] == shown
    assert [line for line in told if line != line.rstrip()] == []
    pictures = re.findall(r"!\[[^]]*\]\((docs/pictures/[^)]+)\)", _text(README))
    assert {Path(one).stem for one in pictures} <= set(PICTURES)
    assert pictures
    charts = {path.name: path.stat().st_size for path in (sample / "charts").iterdir()}
    assert len(charts) == 5
    assert max(charts.values()) < 100_000


# --- links


def _anchors(page: Path) -> set[str]:
    """Of a page's headings, as GitHub makes them."""
    headings = re.findall(r"(?m)^#+ (.+)$", _text(page))
    return {re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_links_between_documents_lead_somewhere(page: Path) -> None:
    lost = []
    for target, anchor in re.findall(r"\]\((?!https?:)([^)#]*)#?([^)]*)\)", _text(page)):
        there = page.parent / target if target else page
        if not there.exists() or (anchor and anchor not in _anchors(there)):
            lost.append(f"{target}#{anchor}")
    assert lost == []
