"""The words after `/budget`."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches

from bot.errors import UsageError
from bot.spend.names import clean

HELP = """\
/budget status           what fires, what waits, how fresh the data is
/budget why KEY          the numbers behind an alert
/budget snooze KEY 4h    silence an alert for a while (also 7d); 0 ends the silence
/budget ack KEY          you have it in hand
/budget check            fetch the bill and judge it now
/budget help             these lines

KEY is shown by /budget status; its beginning is enough where only one begins so."""

_WORDS = {"status": 0, "check": 0, "help": 0, "why": 1, "ack": 1, "snooze": 2}
"""How many words follow each."""
_MISSING = {1: "KEY is missing", 2: "KEY and a length of time such as 4h are missing"}


@dataclass(frozen=True, slots=True)
class Asked:
    """A command of `/budget`, and its words."""

    what: str
    key: str = ""
    length: str = ""


def asked(text: str) -> Asked:
    """What the words ask for; help if there are none. Raises UsageError for anything else."""
    what, *rest = text.split() or ["help"]
    what = what.casefold()
    if what not in _WORDS:
        near = get_close_matches(what, _WORDS, n=1)
        meant = f"did you mean `/budget {near[0]}`?\n\n" if near else ""
        raise UsageError(f"there is no `/budget {clean(what, 40)}`", hint=f"{meant}{HELP}")
    wanted = _WORDS[what]
    if len(rest) < wanted:
        missing = "a length of time such as 4h is missing" if rest else _MISSING[wanted]
        raise UsageError(f"`/budget {what}`: {missing}", hint=HELP)
    if len(rest) > wanted:
        raise UsageError(f"`/budget {what}`: too many words", hint=HELP)
    return Asked(what, *rest)
