"""What holds for every test: loopback only, a clean environment, repeatable examples."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("suite", derandomize=True, deadline=None, max_examples=60, database=None)
settings.load_profile("suite")

# One font cache for all: matplotlib would build one per home directory, seconds each time.
os.environ["MPLCONFIGDIR"] = str(Path(__file__).parent.parent / ".pytest_cache" / "matplotlib")

POSTGRES_URL = "BOT_TEST_POSTGRES_URL"
OURS = ("OPENAI_", "SLACK_", "BOT_", "HEARTBEAT_", "XDG_", "HTTP_", "HTTPS_", "ALL_", "NO_PROXY")
LOOKS_OUTSIDE = {"socket.connect", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname"}


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
            if name != POSTGRES_URL:
                patch.delenv(name)
        patch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
        yield


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if POSTGRES_URL not in os.environ:
        without = pytest.mark.skip(reason=f"{POSTGRES_URL} names no server")
        for item in items:
            if item.get_closest_marker("postgres"):
                item.add_marker(without)
