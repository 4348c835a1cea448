"""Every rule kind, by the name it has in YAML. One file each; this list is the registry."""

from __future__ import annotations

from bot.kinds.base import Rule
from bot.kinds.cap import Cap
from bot.kinds.drift import Drift
from bot.kinds.drop import Drop
from bot.kinds.new import New
from bot.kinds.spike import Spike

KINDS: dict[str, type[Rule]] = {
    "cap": Cap,
    "spike": Spike,
    "new": New,
    "drop": Drop,
    "drift": Drift,
}
"""Kind -> class. A class is the kind's manual page, its options and its judgement."""

__all__ = ["KINDS", "Cap", "Drift", "Drop", "New", "Rule", "Spike"]
