"""A check: what was looked at, how it is, and the way out."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from bot.errors import BotError
from bot.logs import safe

PATIENCE_SECONDS = 4.0
"""How long a server may take over one answer."""

_log = logging.getLogger(__name__)


class State(StrEnum):
    """How something is."""

    OK = "ok"
    WARNING = "warning"
    """It works, but something is missing, or will go wrong some day."""
    FAILED = "failed"
    """The bot cannot do its job."""
    SKIPPED = "skipped"
    """It is not used, or could not be looked at; `says` tells which."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at. `name` is the same every time; `way_out` empty for what is ok.

    No part of it holds a secret.
    """

    name: str
    state: State
    says: str
    way_out: str = ""


Checks = Iterator[Check]


def ok(name: str, says: str) -> Check:
    return Check(name, State.OK, says)


def warning(name: str, says: str, way_out: str = "") -> Check:
    return Check(name, State.WARNING, says, way_out)


def failed(name: str, says: str, way_out: str = "") -> Check:
    return Check(name, State.FAILED, says, way_out)


def skipped(name: str, says: str) -> Check:
    return Check(name, State.SKIPPED, says)


def told(name: str, error: BotError, state: State = State.FAILED) -> Check:
    """An error as a check, without its traceback."""
    return _cleaned(Check(name, state, error.message, error.hint or ""))


def _cleaned(check: Check) -> Check:
    """Without anything that looks like a secret or is one, whatever a server said."""
    return replace(check, name=safe(check.name), says=safe(check.says), way_out=safe(check.way_out))


@dataclass(frozen=True, slots=True)
class Part:
    """Checks that belong together. What one of them raises ends this part and no other."""

    name: str
    checks: Callable[[], Iterable[Check]]

    def done(self) -> Checks:
        """The checks one after the other; one that breaks is a failed check of the part's name."""
        try:
            yield from map(_cleaned, self.checks())
        except BotError as error:
            yield told(self.name, error)
        except Exception as error:  # noqa: BLE001 - a checkup goes on, whatever is broken
            _log.debug("the part %s broke", self.name, exc_info=True)
            yield failed(
                self.name,
                f"could not be looked at: {type(error).__name__}",
                "this is a bug of the bot: please report it",
            )
