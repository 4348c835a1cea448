"""The version of the tables, for those who read them without SQLAlchemy too."""

from __future__ import annotations

VERSION = 6
"""The schema this program writes. A database with a higher one is refused."""
