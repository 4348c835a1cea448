"""What commands share: finding the configuration, showing things."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from rich.console import Console

from bot.config.load import Configuration, load_configuration
from bot.config.whereabouts import config_path
from bot.logs import say
from bot.redaction import without_secrets


def configuration(given: Path | None) -> Configuration:
    """The configuration and rules. Raises ConfigError with every mistake."""
    return load_configuration(config_path(given), os.environ)


def console() -> Console:
    """A console on stdout: at most 100 columns wide, 80 when piped."""
    width = None if sys.stdout.isatty() else 80
    return Console(width=width, highlight=False, emoji=False, markup=False, soft_wrap=False)


def print_json(document: Any) -> None:
    """One JSON document on stdout; in ASCII with escapes where the terminal knows no Unicode."""
    in_ascii = not (sys.stdout.encoding or "").lower().startswith("utf")
    text = json.dumps(document, indent=2, ensure_ascii=in_ascii)
    sys.stdout.write(without_secrets(text) + "\n")


def note(text: str) -> None:
    """A line of progress or trouble on stderr."""
    say(text)
