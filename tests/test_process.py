"""What holds for a process of the bot before anything large is loaded."""

from __future__ import annotations

import os
import subprocess
import sys

PREPARED = "import os; from bot.__main__ import prepare; prepare(); "
THREADS = "import numpy; print(len(os.listdir('/proc/self/task')))"


def said(code: str, **more: str) -> str:
    clean = {name: value for name, value in os.environ.items() if "NUM_THREADS" not in name}
    command = [sys.executable, "-c", PREPARED + code]
    ran = subprocess.run(command, env={**clean, **more}, capture_output=True, text=True, check=True)
    return ran.stdout.strip()


def test_numpy_starts_no_threads() -> None:
    assert said(THREADS) == "1"


def test_who_wants_threads_may_have_them() -> None:
    assert said("print(os.environ['OPENBLAS_NUM_THREADS'])", OPENBLAS_NUM_THREADS="2") == "2"
