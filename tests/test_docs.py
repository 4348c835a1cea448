"""What the documents show works."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from bot.cli import bot
from bot.config import yamlfile
from bot.config.load import load_configuration
from bot.config.rulebook import load_rulebook
from bot.kinds import KINDS

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
PROMISED = {"run"}  # README says that the worker is not there yet
COMMAND = re.compile(r"(?:\.venv/bin/bot|(?<![\w./-])bot) ([a-z]+)((?: +--?[a-z-]+)*)")


def _blocks(page: Path, kind: str) -> list[str]:
    return re.findall(rf"```yaml {kind}\n(.*?)```", page.read_text("utf-8"), re.DOTALL)


def _commands() -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))):
        text = page.read_text("utf-8").partition("is not there yet; neither are")
        code = re.findall(r"`([^`\n]+)`", text[0]) + re.findall(r"\.venv/bin/bot[^\n|&]+", text[0])
        found += [match for line in code for match in COMMAND.findall(line)]
    found = [one for one in found if one[0] not in PROMISED]
    return sorted(set(found))


@pytest.mark.parametrize(("command", "options"), _commands())
def test_every_command_line_in_the_documents_exists(command: str, options: str) -> None:
    known = bot.commands[command]
    assert isinstance(known, click.Command)
    names = {name for parameter in known.params for name in parameter.opts}
    assert set(options.split()) <= names | {"--help"}


def test_the_rules_in_the_documents_load(tmp_path: Path) -> None:
    shown = [text for page in PAGES for text in _blocks(page, "rules")]
    assert shown
    for number, text in enumerate(shown):
        file = tmp_path / f"{number}.yaml"
        file.write_text(text, encoding="utf-8")
        assert load_rulebook(file).rules


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_example_in_a_kinds_manual_page_loads(kind: str, tmp_path: Path) -> None:
    module = __import__(KINDS[kind].__module__, fromlist=["__doc__"])
    example = re.search(r"Example\n(.*?)\nWhat it says", module.__doc__ or "", re.DOTALL)
    assert example
    file = tmp_path / "example.yaml"
    file.write_text(re.sub(r"(?m)^    ", "", example[1]), encoding="utf-8")
    assert {rule.kind for rule in load_rulebook(file).rules} == {kind}


@pytest.mark.parametrize("file", sorted((ROOT / "rules").rglob("*.yaml")), ids=lambda p: p.name)
def test_the_ready_made_rules_load(file: Path) -> None:
    assert load_rulebook(file).rules


def test_the_example_configuration_says_every_default() -> None:
    written = load_configuration(ROOT / "config.example.yaml", {})
    assert written.settings.model_dump() == type(written.settings)().model_dump()
    assert written.settings.rules == Path("rules/")


def test_the_manifest_asks_for_what_the_page_explains() -> None:
    page = ROOT / "docs" / "slack-app.md"
    (manifest,) = _blocks(page, "manifest")
    scopes = yamlfile.parse(manifest, "manifest").data["oauth_config"]["scopes"]["bot"]
    explained = re.findall(r"`([a-z]+:[a-z]+)`", page.read_text("utf-8"))
    assert set(scopes) <= set(explained)


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_links_between_documents_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text("utf-8"))
    assert [target for target in targets if not (page.parent / target).exists()] == []
