"""What a rule can measure: sums of money or volume, and ratios of two such sums."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Additive(StrEnum):
    """A quantity that adds up over days and subjects. Cost is in nanos."""

    COST = "cost"
    REQUESTS = "requests"
    INPUT_TOKENS = "input_tokens"
    OUTPUT_TOKENS = "output_tokens"
    CACHED_TOKENS = "cached_tokens"

    @property
    def is_usage(self) -> bool:
        """Whether it comes from the Usage API (else from the Costs API)."""
        return self is not Additive.COST


class Metric(StrEnum):
    """A metric by the name used in rules."""

    COST = "cost"
    REQUESTS = "requests"
    INPUT_TOKENS = "input_tokens"
    OUTPUT_TOKENS = "output_tokens"
    TOKENS = "tokens"
    CACHED_SHARE = "cached_share"
    OUTPUT_RATIO = "output_ratio"
    COST_PER_REQUEST = "cost_per_request"
    COST_PER_MILLION_TOKENS = "cost_per_million_tokens"


@dataclass(frozen=True, slots=True)
class Formula:
    """A metric as the sum of some quantities, over the sum of others where it is a ratio."""

    over: tuple[Additive, ...]
    under: tuple[Additive, ...] = ()
    scale: float = 1.0

    @property
    def is_ratio(self) -> bool:
        return bool(self.under)

    @property
    def parts(self) -> tuple[Additive, ...]:
        return self.over + self.under


_TOKENS = (Additive.INPUT_TOKENS, Additive.OUTPUT_TOKENS)

FORMULAS: dict[Metric, Formula] = {
    Metric.COST: Formula((Additive.COST,)),
    Metric.REQUESTS: Formula((Additive.REQUESTS,)),
    Metric.INPUT_TOKENS: Formula((Additive.INPUT_TOKENS,)),
    Metric.OUTPUT_TOKENS: Formula((Additive.OUTPUT_TOKENS,)),
    Metric.TOKENS: Formula(_TOKENS),
    Metric.CACHED_SHARE: Formula((Additive.CACHED_TOKENS,), (Additive.INPUT_TOKENS,)),
    Metric.OUTPUT_RATIO: Formula((Additive.OUTPUT_TOKENS,), (Additive.INPUT_TOKENS,)),
    Metric.COST_PER_REQUEST: Formula((Additive.COST,), (Additive.REQUESTS,)),
    Metric.COST_PER_MILLION_TOKENS: Formula((Additive.COST,), _TOKENS, 1_000_000),
}
"""Every metric as a formula. Input tokens already hold the cached ones (OpenAI API reference)."""
