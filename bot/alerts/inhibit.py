"""Which findings are told already by another one. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from bot.alerts.model import Finding


def inhibited(findings: Iterable[Finding]) -> frozenset[str]:
    """The keys of findings told already by another finding that holds and is told by itself.

    Where findings name each other in a ring, none of the ring is inhibited: somebody must speak.
    """
    by_key = {finding.key: finding for finding in findings}
    return frozenset(key for key in by_key if _ends_elsewhere(key, by_key))


def _ends_elsewhere(key: str, by_key: dict[str, Finding]) -> bool:
    seen = {key}
    at = by_key[key]
    while (teller := at.inhibited_by) in by_key and teller is not None:
        if teller in seen:
            return False
        seen.add(teller)
        at = by_key[teller]
    return at.key != key
