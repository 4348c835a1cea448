"""One breach of a daily cap of $100, told by whoever watches it to the same fake Slack.

A day's known money grows in several checks past three steps, and is restated downwards the next
day. The same with something in the way, each time at the message of the last step but one.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from tests.fakes import FakeSlack, Fault, Message

GROWS = (20, 55, 86, 96, 112)
"""Dollars known of the day at each check: steps 50, 80 and 100 are passed, and 85 and 95."""
DISTURBED = 86
"""The check whose message meets trouble."""
RESTATED = 40
PATIENCE = 100.0
"""Seconds until a message that was held up has to have arrived, or is lost."""

TROUBLES: Mapping[str, Sequence[Fault]] = {
    "nothing happens": (),
    "killed while it sends": (Fault("timeout", seconds=60, act=False),),
    "killed between send and mark": (Fault("timeout", seconds=60),),
    "an answer is lost": (Fault("drop_after"),),
    "a message is lost": (Fault("drop_before"),),
}
KILLED = "killed between send and mark"
DEATHS = ("killed while it sends", KILLED)
"""Slack has the request, and in the second case it has taken the message."""


class Alerter(Protocol):
    """Somebody who watches the day. `steps` are what it tells: a name, and how to see it."""

    name: str
    posts_to: str
    steps: Mapping[str, Callable[[str], bool]]

    def start(self) -> None: ...
    def know(self, usd: int, *, wait: bool = True) -> None:
        """It learns what is known of the day; with `wait`, it has had the time to speak."""

    def restate(self, usd: int) -> None:
        """The next day it learns that it was less."""

    def kill(self) -> None:
        """SIGKILL, in the middle of whatever it does."""

    def stop(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Told:
    """What came of an episode. `messages` are posts and replies, `repeated` those that say a step
    said before; `corrected`: whether anything was said of the restatement."""

    messages: int
    steps: int
    missed: tuple[str, ...]
    repeated: int
    corrected: bool

    def __str__(self) -> str:
        missed = f"missed {', '.join(self.missed)}" if self.missed else "none missed"
        told = "told" if self.corrected else "not told"
        return (
            f"{self.messages} messages, {self.steps} steps, {missed}, {self.repeated} repeated, "
            f"restatement {told}"
        )


def played(alerter: Alerter, slack: FakeSlack, trouble: str) -> Told:
    """The episode with that trouble, from a start with nothing known to its end."""
    alerter.start()
    try:
        for usd in GROWS:
            if usd == DISTURBED:
                _disturbed(alerter, slack, trouble)
            else:
                alerter.know(usd)
        before = len(slack.messages)
        told = Counter(
            step
            for message in slack.messages
            for step, is_told in alerter.steps.items()
            if is_told(_words(message))
        )
        alerter.restate(RESTATED)
        return Told(
            messages=len(slack.messages),
            steps=len(alerter.steps),
            missed=tuple(step for step in alerter.steps if not told[step]),
            repeated=sum(n - 1 for n in told.values() if n > 1),
            corrected=len(slack.messages) > before,
        )
    finally:
        alerter.stop()


def _disturbed(alerter: Alerter, slack: FakeSlack, trouble: str) -> None:
    for fault in TROUBLES[trouble]:
        slack.faults.add(replace(fault, path=alerter.posts_to))
    if trouble not in DEATHS:
        alerter.know(DISTURBED)
    else:
        before = len(slack.messages)
        alerter.know(DISTURBED, wait=False)
        _until(lambda: not slack.faults.pending)
        if trouble == KILLED:
            _until(lambda: len(slack.messages) > before)
        alerter.kill()
        slack.faults.clear()
        alerter.start()
        alerter.know(DISTURBED)
    slack.faults.clear()


def _until(is_so: Callable[[], bool], seconds: float = PATIENCE) -> None:
    end = time.monotonic() + seconds
    while not is_so() and time.monotonic() < end:
        time.sleep(0.01)


def _words(message: Message) -> str:
    """All that a message says, its key included where it has one."""
    fields = (str(value) for one in message.attachments for value in one.values())
    return " ".join([message.text, *fields, str(message.key)])
