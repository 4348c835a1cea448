#!/usr/bin/env python3
"""A PostgreSQL server to throw away: made in a temporary folder, gone when this program ends.

    tools/postgres.py        prints its URL; ends when standard input does (Ctrl-D) or at Ctrl-C

Needs the server's programs (Debian, Ubuntu: the package `postgresql`; its own service may stay
off) and nothing else. The server listens on a Unix socket in that folder only. It refuses to run
as root: started by root, it runs as `postgres` or `nobody`.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

PLACES = (  # where packages put the programs when they are not on PATH
    "/usr/lib/postgresql/*/bin",  # Debian, Ubuntu
    "/usr/pgsql-*/bin",  # Red Hat
    "/opt/homebrew/opt/postgresql*/bin",
    "/usr/local/opt/postgresql*/bin",
)
PROGRAMS = ("initdb", "pg_ctl", "postgres")
# Nothing here has to outlive a power cut.
OPTIONS = (
    "-c listen_addresses= -c fsync=off -c synchronous_commit=off -c full_page_writes=off "
    "-c autovacuum=off -c shared_buffers=16MB -c max_connections=60"
)
USER, PASSWORD = "budget", "thrown-away"


def programs() -> Path | None:
    """The folder with initdb and pg_ctl, of the newest version found; None without a server."""
    found = [folder for place in PLACES for folder in Path("/").glob(place[1:])]
    if on_path := shutil.which("initdb"):
        found.append(Path(on_path).resolve().parent)
    whole = [folder for folder in found if all((folder / name).exists() for name in PROGRAMS)]
    return max(whole, key=_version, default=None)


def _version(folder: Path) -> int:
    """15 of /usr/lib/postgresql/15/bin; 0 where the path does not tell."""
    digits = re.search(r"\d+", folder.parent.name)
    return int(digits[0]) if digits else 0


@contextlib.contextmanager
def server(bin_folder: Path) -> Iterator[str]:
    """The URL of a new server, which stops and is removed at the end."""
    whose = _not_root()
    # Directly in /tmp: a socket's path may not be long.
    folder = Path(tempfile.mkdtemp(prefix="budget-bot-pg-", dir="/tmp"))
    if whose:
        shutil.chown(folder, whose["user"], whose["group"])
    data, log = folder / "data", folder / "log"

    def do(program: str, *arguments: str) -> None:
        _do([str(bin_folder / program), "-D", str(data), *arguments], folder, whose)

    try:
        (folder / "password").write_text(PASSWORD)
        ways = ("-U", USER, "--auth=scram-sha-256", f"--pwfile={folder / 'password'}")
        do("initdb", *ways, "--no-sync", "--no-locale", "--encoding=UTF8")
        do("pg_ctl", "start", "-w", "-l", str(log), "-o", f"{OPTIONS} -k {folder}")
        try:
            yield f"postgresql+psycopg://{USER}:{PASSWORD}@/postgres?host={folder}"
        finally:
            do("pg_ctl", "stop", "-w", "-m", "immediate")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _not_root() -> Mapping[str, Any]:
    """For subprocess: another user if this one is root."""
    if os.geteuid() != 0:
        return {}
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    other = known.get("postgres") or known["nobody"]
    return {"user": other.pw_uid, "group": other.pw_gid, "extra_groups": []}


def _do(command: list[str], folder: Path, whose: Mapping[str, Any]) -> None:
    # To a file: the server keeps what it is given, and a pipe would never end.
    with (folder / "said").open("w+") as said:
        done = subprocess.run(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            check=False,
            **whose,
        )
        if done.returncode:
            said.seek(0)
            log = folder / "log"
            words = said.read() + (log.read_text() if log.exists() else "")
            raise SystemExit(f"{command[0]} failed:\n{words}")


def main() -> None:
    """Serve until standard input ends."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    found = programs()
    if found is None:
        raise SystemExit("no PostgreSQL server here (Debian, Ubuntu: apt install postgresql)")
    with contextlib.suppress(KeyboardInterrupt), server(found) as url:
        print(url, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
