"""What commands share: finding the configuration, showing things."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from rich.console import Console

from bot.config.load import Configuration, load_configuration
from bot.config.whereabouts import config_path
from bot.logs import say


def configuration(given: Path | None) -> Configuration:
    """The configuration and rules. Raises ConfigError with every mistake."""
    return load_configuration(config_path(given), os.environ)


def console() -> Console:
    """A console on stdout: at most 100 columns wide, 80 when piped."""
    width = None if sys.stdout.isatty() else 80
    return Console(width=width, highlight=False, emoji=False, markup=False, soft_wrap=False)


def note(text: str) -> None:
    """A line of progress or trouble on stderr."""
    say(text)
