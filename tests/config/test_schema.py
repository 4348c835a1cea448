"""The schemas that editors use: what we accept they accept, and common mistakes they refuse."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from bot.config import yamlfile
from bot.config.schema import config_schema, rules_schema

ROOT = Path(__file__).parents[2]
CONFIG, RULES = Draft202012Validator(config_schema()), Draft202012Validator(rules_schema())


def rule_files() -> list[Path]:
    return sorted(path for path in (ROOT / "rules").rglob("*.yaml") if "tests" not in path.parts)


def read(tmp_path: Path, text: str) -> Any:
    file = tmp_path / "some.yaml"
    file.write_text(text, encoding="utf-8")
    return yamlfile.load(file).data


def test_both_are_sound_schemas() -> None:
    Draft202012Validator.check_schema(config_schema())
    Draft202012Validator.check_schema(rules_schema())


def test_the_example_configuration_is_accepted() -> None:
    data = yamlfile.load(ROOT / "config.example.yaml").data
    assert [error.message for error in CONFIG.iter_errors(data)] == []


@pytest.mark.parametrize("path", rule_files(), ids=lambda path: path.stem)
def test_every_ready_made_rule_file_is_accepted(path: Path) -> None:
    data = yamlfile.load(path).data
    assert [error.message for error in RULES.iter_errors(data)] == []


def test_a_default_is_shown_as_people_write_it() -> None:
    schedule = config_schema()["$defs"]["ScheduleSettings"]["properties"]
    assert schedule["check_every"]["default"] == "1h"
    assert "default" not in schedule["digest"]


@pytest.mark.parametrize(
    "text",
    [
        "sauce: {kind: sample}",
        "source: {kind: openia}",
        "source: {history_days: ninety}",
        "source: {history_days: 0}",
        "schedule: {check_every: hourly}",
        'schedule: {digest: {daily: "9"}}',
        'schedule: {digest: {monthly: "first 09:00"}}',
        "slack: {routes: [{channel: '#a'}]}",
        "slack: {routes: [{match: {team: a}, channel: '#a'}]}",
    ],
)
def test_a_mistake_in_a_configuration_is_refused(tmp_path: Path, text: str) -> None:
    assert not CONFIG.is_valid(read(tmp_path, text))


@pytest.mark.parametrize(
    "rule",
    [
        "{kind: cap, limit_usd: 5}",
        "{name: a, limit_usd: 5}",
        "{name: a, kind: capp, limit_usd: 5}",
        "{name: a, kind: cap, limit_usd: 5, periode: day}",
        "{name: a, kind: cap, limit_usd: lots}",
        "{name: a, kind: cap, limit_usd: 5, steps: 80}",
        "{name: a, kind: spike, per: team}",
        "{name: a, kind: spike, repeat_after: often}",
        "{name: a, kind: cap, limit_usd: 5, severity: urgent}",
    ],
)
def test_a_mistake_in_a_rule_is_refused(tmp_path: Path, rule: str) -> None:
    assert not RULES.is_valid(read(tmp_path, f"rules: [{rule}]"))
