"""The sample: a recording of Acme, an invented organisation, that ships with the bot.

`make.py` writes it, byte for byte the same each time, from what `acme.py` says of Acme.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent / "recording"
"""The folder of the recording."""
