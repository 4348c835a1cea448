"""The change of a cost between two sides, split into what caused it. Parts add up to the nano.

Money is what the bill says, volume what the usage pages say; no price list takes part. Of every
model the bill's dollars are requests × (tokens a request) × (price of a token), once for fresh
input, cached input, output and all else. Each such product is split by Shapley's value: every
factor gets its effect averaged over all orders in which the factors might have changed, so no
order is preferred, zeros need no care, and what did not change gets nothing
(docs/decisions/0006-splitting-a-change.md).
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from bot.spend.line_item import parse
from bot.spend.sharing import effects_of_product


class Cause(StrEnum):
    """What a part of a change comes from."""

    REQUESTS = "requests"
    TOKENS_PER_REQUEST = "tokens_per_request"
    """Longer or shorter prompts and answers; also pictures, seconds or characters a request."""
    MODEL_MIX = "model_mix"
    """Requests that left one model of a project for another of the same kind."""
    CACHED_SHARE = "cached_share"
    PRICE = "price"
    """Dollars for a token, as the bill has them: tier, batch and list price."""
    UNEXPLAINED = "unexplained"
    """Money that no usage stands beside."""


class Volume(NamedTuple):
    """Use, added up. `input_tokens` holds the cached ones; `units` is all that is no token."""

    requests: float = 0.0
    input_tokens: float = 0.0
    output_tokens: float = 0.0
    cached_tokens: float = 0.0
    units: float = 0.0


Place = tuple[str | None, str | None]
"""Project and line item of some money; a project of None stands for all of them or for none."""

Cell = tuple[str | None, str | None]
"""Project and model family of some use."""


@dataclass(frozen=True, slots=True)
class Side:
    """What was billed (nanos) and used on one side of a comparison.

    `kinds` gives the usage kind of a cell: only models of one kind can take each other's place.
    """

    bill: Mapping[Place, float]
    use: Mapping[Cell, Volume]
    kinds: Mapping[Cell, str] = field(default_factory=dict)


@dataclass(slots=True)
class Effect:
    """What changed in one cell: nanos by cause, and the requests behind them."""

    cell: Cell
    kind: str
    before: Volume
    after: Volume
    requests: float = 0.0
    mix: float = 0.0
    prompts: float = 0.0
    answers: float = 0.0
    """Per request: output tokens, or what is counted instead of tokens."""
    cached: float = 0.0
    price: float = 0.0


@dataclass(frozen=True, slots=True)
class Explanation:
    """A split before it is rounded: the effects by cell, and unexplained money by its name."""

    effects: tuple[Effect, ...]
    unexplained: Mapping[str, float]

    @property
    def amounts(self) -> dict[Cause, float]:
        """Nanos by cause, all of them."""
        every = self.effects
        return {
            Cause.REQUESTS: math.fsum(e.requests for e in every),
            Cause.TOKENS_PER_REQUEST: math.fsum(e.prompts + e.answers for e in every),
            Cause.MODEL_MIX: math.fsum(e.mix for e in every),
            Cause.CACHED_SHARE: math.fsum(e.cached for e in every),
            Cause.PRICE: math.fsum(e.price for e in every),
            Cause.UNEXPLAINED: math.fsum(self.unexplained.values()),
        }


@dataclass(frozen=True, slots=True)
class Contributor:
    """A member whose own change is part of a subject's. `share` is its part of the whole change."""

    dimension: str
    id: str | None
    name: str
    nanos: int
    share: float | None


@dataclass(frozen=True, slots=True)
class Split:
    """Why a cost is not what it is compared with. All money in nanos.

    `against` says in words what `expected` is. `parts` add up to `change` exactly; they are empty
    where usage is not known. `unexplained` names the largest money behind that part.
    """

    against: str
    observed: int
    expected: int
    parts: tuple[tuple[Cause, int], ...] = ()
    unexplained: tuple[str, ...] = ()
    contributors: tuple[Contributor, ...] = ()

    @property
    def change(self) -> int:
        return self.observed - self.expected


def explain(before: Side, after: Side) -> Explanation:
    """Split `after` minus `before`. Total over any input of finite numbers; pure."""
    unexplained: dict[str, float] = defaultdict(float)
    effects = []
    bills = _by_cell(before, unexplained, -1), _by_cell(after, unexplained, 1)
    for cell in dict.fromkeys((*bills[0], *bills[1])):
        one, other = (bill.get(cell, {}) for bill in bills)
        effect = _cell(cell, before, after, (one, other), unexplained)
        if effect:
            effects.append(effect)
    _move_between_models(effects)
    return Explanation(tuple(effects), {name: v for name, v in unexplained.items() if v})


_INPUT, _CACHED, _OUTPUT, _OTHER = "input", "cached input", "output", "other"
_Components = dict[str, float]


def _by_cell(side: Side, unexplained: dict[str, float], sign: int) -> dict[Cell, _Components]:
    """The money of models by component; money without a model, and credits, go to unexplained."""
    found: dict[Cell, _Components] = defaultdict(lambda: defaultdict(float))
    for (project, item), nanos in side.bill.items():
        parsed = parse(item) if item else None
        family = parsed.family if parsed else None
        if nanos < 0:
            unexplained["credits"] += sign * nanos
        elif family is None:
            unexplained[_name(item)] += sign * nanos
        else:
            component = parsed.component if parsed and parsed.component in _PRICED else _OTHER
            found[project, family][component] += nanos
    return found


_PRICED = frozenset({_INPUT, _CACHED, _OUTPUT})


def _name(item: str | None) -> str:
    return (parse(item).service or item) if item else "money without a line item"


def _cell(
    cell: Cell,
    before: Side,
    after: Side,
    bills: tuple[_Components, _Components],
    unexplained: dict[str, float],
) -> Effect | None:
    """The effects in one cell; money beside which a side has no requests is unexplained whole."""
    uses = before.use.get(cell, Volume()), after.use.get(cell, Volume())
    if any(sum(b.values()) and u.requests <= 0 for b, u in zip(bills, uses, strict=True)):
        unexplained[f"{cell[1]} without usage"] += sum(bills[1].values()) - sum(bills[0].values())
        return None
    kind = after.kinds.get(cell) or before.kinds.get(cell, "")
    effect = Effect(cell, kind, *uses)
    volumes = _volumes(uses[0]), _volumes(uses[1])
    for name in dict.fromkeys((*bills[0], *bills[1])):
        money = bills[0].get(name, 0.0), bills[1].get(name, 0.0)
        counted = volumes[0][name], volumes[1][name]
        if any(m and v <= 0 for m, v in zip(money, counted, strict=True)):
            unexplained[f"{cell[1]}, {name}"] += money[1] - money[0]
        else:
            _component(effect, name, money, counted)
    return effect


def _volumes(use: Volume) -> dict[str, float]:
    """What each component of a bill is counted in."""
    cached = min(max(use.cached_tokens, 0.0), use.input_tokens)
    other = use.units or use.input_tokens + use.output_tokens or use.requests
    return {
        _INPUT: use.input_tokens - cached,
        _CACHED: cached,
        _OUTPUT: use.output_tokens,
        _OTHER: other,
    }


def _component(
    effect: Effect, name: str, money: tuple[float, float], counted: tuple[float, float]
) -> None:
    """Add what one component of the bill says to the effect of its cell."""
    requests = effect.before.requests, effect.after.requests
    price = _both(_over(money[0], counted[0]), _over(money[1], counted[1]))
    if name in (_INPUT, _CACHED):
        inputs = effect.before.input_tokens, effect.after.input_tokens
        each = _both(*(_over(i, r) for i, r in zip(inputs, requests, strict=True)))
        share = _both(*(_over(c, i) for c, i in zip(counted, inputs, strict=True)))
        factors = list(zip(requests, each, share, price, strict=True))
        more, longer, cached, dearer = effects_of_product(*factors)
        effect.prompts += longer
        effect.cached += cached
    else:
        each = _both(*(_over(c, r) for c, r in zip(counted, requests, strict=True)))
        more, longer, dearer = effects_of_product(*zip(requests, each, price, strict=True))
        effect.answers += longer
    effect.requests += more
    effect.price += dearer


def _over(top: float, bottom: float) -> float | None:
    return top / bottom if bottom > 0 else None


def _both(before: float | None, after: float | None) -> tuple[float, float]:
    """A factor on both sides; where one side cannot know it, that it did not change."""
    one, other = before if before is not None else after, after if after is not None else before
    return one or 0.0, other or 0.0


def _move_between_models(effects: Iterable[Effect]) -> None:
    """Tell requests that only changed their model from more or fewer of them.

    Among the models of one project and kind, what some lost and others gained has moved, as much
    as the smaller of both sums. That share of the effect of requests is the mix's.
    """
    groups: dict[tuple[str | None, str], list[Effect]] = defaultdict(list)
    for effect in effects:
        groups[effect.cell[0], effect.kind].append(effect)
    for group in groups.values():
        changes = [e.after.requests - e.before.requests for e in group]
        gained = sum(c for c in changes if c > 0)
        lost = -sum(c for c in changes if c < 0)
        moved = min(gained, lost)
        for effect, change in zip(group, changes, strict=True):
            if moved > 0 and change:
                share = moved / (gained if change > 0 else lost)
                effect.mix = effect.requests * share
                effect.requests -= effect.mix
