"""A JSON document on stdout."""

from __future__ import annotations

import json
import sys
from typing import Any

from bot.redaction import without_secrets


def print_json(document: Any) -> None:
    """One JSON document on stdout; in ASCII with escapes where the terminal knows no Unicode."""
    in_ascii = not (sys.stdout.encoding or "").lower().startswith("utf")
    text = json.dumps(document, indent=2, ensure_ascii=in_ascii)
    sys.stdout.write(without_secrets(text) + "\n")
