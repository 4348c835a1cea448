"""Whether system calls can be made to fail here."""

from __future__ import annotations

import shutil

PROGRAM = shutil.which("strace")
NO_STRACE = "strace is not installed (Debian, Ubuntu: apt install strace)"
