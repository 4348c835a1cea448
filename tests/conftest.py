"""What holds for every test: loopback only, a clean environment, repeatable examples."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

import pytest
from hypothesis import settings

from bot.store.database import Database, open_lasting
from tests import postgres
from tests.examples import examples
from tests.files import in_memory
from tests.strace import NO_STRACE

settings.register_profile("suite", examples(40))
settings.load_profile("suite")

# One font cache for all: matplotlib would build one per home directory, seconds each time.
os.environ["MPLCONFIGDIR"] = str(Path(__file__).parent.parent / ".pytest_cache" / "matplotlib")

# As the program itself: see `bot/__main__.py`.
gc.set_threshold(50_000, 20, 20)

# Twenty thousand commits would wait for the disk. What is left when a disk fails or a process dies
# is tested by other means (`tests/strace.py`, `tests/sweeps`).
if memory := in_memory():
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(memory))

OURS = ("OPENAI_", "SLACK_", "BOT_", "HEARTBEAT_", "XDG_", "HTTP_", "HTTPS_", "ALL_", "NO_PROXY")
LOOKS_OUTSIDE = {"socket.connect", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname"}


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Three for two cores, for a test may wait for a socket or a process; of many cores, a few."""
    return 3 * min(os.cpu_count() or 1, 8) // 2


class NetworkUsed(BaseException):
    """A test reached for the network. No `Exception`: no retry or fallback may swallow it."""


def is_loopback(host: object) -> bool:
    if host in (None, "", b"", "localhost"):
        return True
    try:
        return ip_address(str(host).partition("%")[0]).is_loopback
    except ValueError:
        return False


def refuse_network(event: str, arguments: tuple[object, ...]) -> None:
    if event not in LOOKS_OUTSIDE:
        return
    # (socket, address) or, of a look-up, (host, ...). A str is the path of a Unix socket.
    address = arguments[1] if event in ("socket.connect", "socket.sendto") else arguments
    if isinstance(address, tuple) and not is_loopback(address[0]):
        raise NetworkUsed(f"{event} {address[0]!r}: tests stay on this machine")


sys.addaudithook(refuse_network)


@pytest.fixture(autouse=True, scope="session")
def clean_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No key, proxy or home directory of the person who runs the tests."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.upper().startswith(OURS)]:
            if name != postgres.VARIABLE:
                patch.delenv(name)
        patch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
        yield


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if not postgres.is_available():
        without = pytest.mark.skip(reason=postgres.NO_SERVER)
        for item in items:
            if item.get_closest_marker("postgres"):
                item.add_marker(without)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """A loud line for tests that found no server, or nothing to make a disk fail with."""
    skipped = terminalreporter.getreports("skipped")
    for what, reason in (("POSTGRESQL", postgres.NO_SERVER), ("A FAILING DISK", NO_STRACE)):
        if without := [report for report in skipped if reason in str(report.longrepr)]:
            line = f"{len(without)} TESTS OF {what} DID NOT RUN: {reason}"
            terminalreporter.write_line(line, red=True, bold=True)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.Server]:
    """A server, started when the first test asks for it. For tests marked `postgres`."""
    with postgres.server_url() as url:
        server = postgres.Server(url)
        yield server
        server.close()


@pytest.fixture
def postgres_url(postgres_server: postgres.Server) -> str:
    """A database of the bot without rows. A test that changes tables takes a new one."""
    return postgres_server.emptied()


BOTH = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


@pytest.fixture(params=BOTH)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind; the test runs with both."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/bot.db"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = open_lasting(database_url)
    yield opened
    opened.close()
