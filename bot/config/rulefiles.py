"""Which files hold the rules. Loads no pydantic."""

from __future__ import annotations

from pathlib import Path

from bot.config.places import whole_file
from bot.config.problems import ConfigProblems, Problem


def rule_files(path: Path) -> list[Path]:
    """The file itself, or every `*.yaml` and `*.yml` of a folder by name (not of its sub-folders).

    Raises ConfigProblems where there is none.
    """
    if path.is_file():
        return [path]
    if not path.is_dir():
        hint = "set `rules` in config.yaml to a folder of YAML files, or to one file"
        raise ConfigProblems([Problem(whole_file(str(path)), "there are no rules here", hint)])
    files = sorted(p for p in path.iterdir() if p.suffix in (".yaml", ".yml") and p.is_file())
    if not files:
        hint = "put a file such as rules/default.yaml there"
        raise ConfigProblems([Problem(whole_file(str(path)), "no rule file in the folder", hint)])
    return files
