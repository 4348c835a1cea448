"""Which configuration file is meant."""

from __future__ import annotations

import os
from pathlib import Path

from bot.errors import ConfigError

DEFAULT_CONFIG = "config.yaml"


def config_path(given: Path | None) -> Path:
    """The file given, else `config.yaml` here, else the one that $BOT_CONFIG names."""
    if given is not None:
        return given
    if Path(DEFAULT_CONFIG).exists():
        return Path(DEFAULT_CONFIG)
    if named := os.environ.get("BOT_CONFIG"):
        return Path(named)
    raise ConfigError(
        "there is no config.yaml in this folder",
        hint="name one with --config (config.example.yaml runs as it stands) or set BOT_CONFIG",
    )
