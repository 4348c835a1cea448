"""A folder with a configuration, rules and a stored history, and the server that has the bill."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from benchmarks.speed.rulebook import rule_files
from benchmarks.speed.shape import NOW, Shape
from benchmarks.speed.usage import Cost, cost_of

PYTHON = sys.executable
REFETCHED = 3


class Stage:
    """Where commands run. Byte code is kept in the folder, so that nobody compiles anew."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.env = {
            "PYTHONPYCACHEPREFIX": str(folder / "bytecode"),
            "PYTHONDONTWRITEBYTECODE": "",
            "XDG_CACHE_HOME": str(self.cache),
            "BENCH_KEY": "sk-admin-benchmark",
            "BENCH_TOKEN": "xoxb-benchmark",
        }
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def cache(self) -> Path:
        """Where `bot status` notes that a configuration is in order."""
        return self.folder / "cache"

    @contextmanager
    def serving(self, shape: Shape, buckets: int = 1) -> Iterator[str]:
        """The base URL of a server in a process of its own."""
        numbers = [str(number) for number in _numbers(shape)]
        command = [PYTHON, "-m", "benchmarks.speed.server", *numbers, str(buckets)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as server:  # noqa: S603
            try:
                port = server.stdout.readline().decode().strip() if server.stdout else ""
                yield f"http://127.0.0.1:{port}/v1"
            finally:
                server.kill()

    def stored(self, shape: Shape) -> Path:
        """A database with the shape's history; made once, and copied each time."""
        made = self.folder / f"stored-{'-'.join(map(str, _numbers(shape)))}.db"
        if not made.exists():
            self.run("benchmarks.speed.stored", str(made), *map(str, _numbers(shape)))
        copy = self.folder / "work.db"
        shutil.copyfile(made, copy)
        return copy

    def configured(self, url: str, shape: Shape, rules: int, history: int = 90) -> Path:
        """A configuration for it; the database is `work.db`."""
        return self.ruled(rule_files(shape, rules), url, history)

    def ruled(self, files: Sequence[str], url: str, history: int) -> Path:
        """The same with the texts of these rule files."""
        folder = self.folder / "rules"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for number, text in enumerate(files):
            (folder / f"{number:02d}.yaml").write_text(text)
        config = self.folder / "config.yaml"
        config.write_text(_CONFIG.format(url=url, refetch=REFETCHED, history=history))
        return config

    def run(self, module: str, *arguments: str) -> Cost:
        """A Python module in a process of its own. Raises RuntimeError if it fails."""
        return self._run([PYTHON, "-m", module, *arguments])

    def bot(self, *arguments: str) -> Cost:
        return self.run("bot", *arguments)

    def check(self, config: Path) -> Cost:
        return self.bot("check", "--config", str(config), "--as-of", f"{NOW:%Y-%m-%dT%H:%M:%SZ}")

    def last_line(self) -> str:
        """What the last process said last."""
        lines = (self.folder / "log").read_text().splitlines()
        return lines[-1] if lines else ""

    def _run(self, command: list[str]) -> Cost:
        cost = cost_of(command, self.env, self.folder / "log")
        if cost.code:
            said = (self.folder / "log").read_text()[-2000:]
            raise RuntimeError(f"{' '.join(command[1:4])} ended with {cost.code}:\n{said}")
        return cost


def restate(database: Path, days: int) -> None:
    """Every amount of the last days a nano-dollar more: what is fetched again then differs."""
    first = NOW.toordinal() - days + 1
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE cost_rows SET nanos = nanos + 1 WHERE day >= ?", (first,))
        connection.execute("UPDATE cost_sums SET nanos = nanos + 1 WHERE day >= ?", (first,))


def folder_of(size: str) -> Path:
    """Where a benchmark of a size works: $BENCH_FOLDER, or below `build/`."""
    return Path(os.environ.get("BENCH_FOLDER", "build/benchmarks")).resolve() / size


def _numbers(shape: Shape) -> tuple[int, ...]:
    return shape.projects, shape.line_items, shape.keys, shape.days, shape.seed


_CONFIG = """\
source:
  kind: openai
  base_url: {url}
  admin_key: ${{BENCH_KEY}}
  refetch_days: {refetch}
  settle_days: 1
  history_days: {history}
store: {{url: "sqlite:///work.db"}}
slack:
  bot_token: ${{BENCH_TOKEN}}
  base_url: http://127.0.0.1:9/api/
rules: rules/
"""
