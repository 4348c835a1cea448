"""Tests, and what they share. Whatever the surroundings say, what is compiled is kept.

The suite starts a hundred processes, and each would compile the bot again: a minute of a processor.
"""

import os
import sys

os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
