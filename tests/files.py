"""Files without a name, disks without room, and folders in memory."""

from __future__ import annotations

import os
import resource
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_OPEN = Path("/proc/self/fd")
"""Linux's list of a process's files; elsewhere nothing is found."""
_GONE = " (deleted)"


_IN_MEMORY = Path("/dev/shm")  # noqa: S108 - whoever asks makes a new folder in it
_ENOUGH = 2 * 1024**3


def in_memory() -> Path | None:
    """Where files are in memory, so that no commit waits for a disk; None where there is no such
    place with 2 GB to spare."""
    if not os.access(_IN_MEMORY, os.W_OK) or shutil.disk_usage(_IN_MEMORY).free < _ENOUGH:
        return None
    return _IN_MEMORY


def nameless() -> list[Path]:
    """Open files of this process that are in no folder any more, where they can be read."""
    links = list(_OPEN.iterdir()) if _OPEN.is_dir() else []
    # The listing's own is gone by now.
    return [link for link in links if link.is_symlink() and str(link.readlink()).endswith(_GONE)]


@contextmanager
def no_file_larger_than(most: int) -> Iterator[None]:
    """As on a disk that is full: what would make a file larger is not written."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
