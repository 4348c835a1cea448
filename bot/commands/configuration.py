"""`bot config`."""

from __future__ import annotations

import sys
from pathlib import Path

from bot.commands.common import configuration
from bot.commands.printing import print_json
from bot.config.schema import config_schema
from bot.config.whereabouts import config_path


def run_validate(*, config: Path | None) -> int:
    """Exit code 0; ConfigError with every mistake otherwise."""
    path = config_path(config)
    loaded = configuration(path)
    enabled, known = len(loaded.rulebook.enabled), len(loaded.rulebook.rules)
    files = len(loaded.rulebook.files)
    sys.stdout.write(
        f"{path}: fine. {enabled} of {known} rules in {files} "
        f"{'file' if files == 1 else 'files'} are in force.\n"
    )
    return 0


def run_schema() -> int:
    """The JSON Schema of config.yaml."""
    print_json(config_schema())
    return 0
