"""The recording behind OpenAI's cookbook page on the Usage API: 31 real buckets, no costs.

They are what the page prints of its first call: all completions of an organisation, ungrouped, in
pages of 7 buckets. The page does not print its cursors; those here only look like them. The first
bucket begins in the middle of a day and the last ends at the instant of the call, as real ones do.
Source: https://cookbook.openai.com/examples/completions_usage_api (14 January 2025, MIT licence).
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent
"""The folder of the recording."""
