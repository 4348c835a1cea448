"""With how many examples a property is tried: few in every run, twenty times as many in a sweep."""

from __future__ import annotations

import os
from collections.abc import Iterable

from hypothesis import HealthCheck, settings

TIMES = int(os.environ.get("EXAMPLES", "1"))
"""`make sweep` sets it. The examples of an ordinary run are the same every time."""


def examples(number: int, unchecked: Iterable[HealthCheck] = ()) -> settings:
    """The settings of a property that is tried so often in an ordinary run."""
    return settings(
        max_examples=number * TIMES,
        derandomize=TIMES == 1,
        deadline=None,
        database=None,
        suppress_health_check=list(unchecked),
    )
