"""Expected texts kept in files beside the tests.

A test says `matches(text, "alert.txt", __file__)`. The file is `snapshots/alert.txt` next to the
test; a missing file fails. `UPDATE_SNAPSHOTS=1 pytest …` writes them anew: read the difference
before committing it.
"""

from __future__ import annotations

import os
from pathlib import Path

UPDATE = "UPDATE_SNAPSHOTS"


def matches(text: str, name: str, test_file: str) -> None:
    """Assert that the text is, letter by letter, what the snapshot of that name holds."""
    path = Path(test_file).parent / "snapshots" / name
    if os.environ.get(UPDATE) == "1":
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert path.exists(), f"no snapshot {path.name}: run with {UPDATE}=1 and read what it writes"
    assert text == path.read_text(encoding="utf-8")
