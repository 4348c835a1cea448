"""A split in two short sentences: what changed, and who it was most."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

from bot.alerts.model import Finding
from bot.kinds.base import times
from bot.kinds.compare import Comparison
from bot.spend.calendar import Unit, day_name
from bot.spend.currency import Currency
from bot.spend.metrics import Metric
from bot.spend.names import clean
from bot.spend.split import Cause, Contributor, Effect, Explanation, Split

SMALL = 0.05
"""Parts below this share of all are told together, and a change below it is none."""
LARGE = 0.25
WORTH_NAMING = 0.1
NAMED = 3
LEADING = 0.8
"""One model or project that makes up this much of a part gives it its numbers."""


def sentences(
    finding: Finding,
    comparison: Comparison,
    split: Split,
    explanation: Explanation | None,
    spenders: Sequence[Contributor],
    currency: Currency,
) -> tuple[str, ...]:
    """Why, in plain text (names are cleaned, not escaped): at most two sentences.

    `currency` is that of the split.
    `spenders` are told in the place of the split's contributors where nothing has changed much.
    """
    low = _is_low_cap(finding, comparison, split)
    if finding.kind == "new":
        first = _newcomer(comparison, explanation)
    elif not comparison.before:
        first = f"Nothing comparable is known before {finding.period} to explain it with."
    elif comparison.running:
        first = _so_far(split, currency)
    elif low:
        usual = split.against.replace("a ", "A ", 1)
        usual = f"{usual} ({currency.text(split.expected)})"
        first = f"{usual} is over this cap too{_slight(split, currency)}."
    elif not _is_change(split):
        first = f"That is about {_against(finding, split, currency)}{_slight(split, currency)}."
    else:
        first = _changed(finding, comparison, split, explanation, currency)
    changed = bool(comparison.before) and not low and _tells_change(finding, split)
    who = _most(split.contributors, currency.signed) if changed else _most(spenders, currency.text)
    return tuple(sentence for sentence in (first, who) if sentence)


def in_brief(split: Split, explanation: Explanation | None) -> str:
    """The largest cause, and the key that changed most, for a line of a list: `5.1× the requests
    to gpt-5.4-mini, key ingest worker`. Empty where neither is known."""
    told = []
    same_way = [(nanos, cause) for cause, nanos in split.parts if nanos * split.change > 0]
    if explanation and same_way:
        nanos, cause = max(same_way, key=lambda part: abs(part[0]))
        told.append(_cause_in_brief(split, explanation, cause, nanos))
    keys = [one for one in split.contributors if one.dimension == "api_key"]
    if keys and (keys[0].share or 0) >= LARGE:
        told.append(f"key {keys[0].name}")
    return ", ".join(told)


def _cause_in_brief(split: Split, explanation: Explanation, cause: Cause, nanos: int) -> str:
    if cause is not Cause.UNEXPLAINED:
        return _WORDS[cause](explanation.effects, nanos)
    return ", ".join(split.unexplained[:2]) or "money that usage does not explain"


def _is_change(split: Split) -> bool:
    return abs(split.change) >= SMALL * abs(split.expected) and split.change != 0


def _is_low_cap(finding: Finding, comparison: Comparison, split: Split) -> bool:
    """Whether a usual day is above a daily cap, and no large change tells more than that."""
    is_daily = finding.kind == "cap" and finding.period.unit is Unit.DAY
    if not is_daily or finding.metric != Metric.COST or comparison.running:
        return False
    if finding.limit is None or abs(split.change) >= LARGE * split.expected:
        return False
    return min(split.expected, split.observed) > finding.limit


def _tells_change(finding: Finding, split: Split) -> bool:
    """Whether it is the change that the alert is about; a cap may be passed by usual spend."""
    return _is_change(split) and (split.change > 0 or finding.kind in ("drop", "drift"))


def _slight(split: Split, currency: Currency) -> str:
    """A change too small to be one; nothing where it would not buy the smallest coin."""
    return f": {currency.signed(split.change)}" if abs(split.change) >= currency.smallest else ""


def _against(finding: Finding, split: Split, currency: Currency) -> str:
    """What it is compared with, and its amount where the alert has not just said it."""
    said = finding.is_usual and finding.expected == split.expected
    return split.against if said else f"{split.against} ({currency.text(split.expected)})"


def _so_far(split: Split, currency: Currency) -> str:
    whole_day = f"a whole {split.against.removeprefix('a ').removeprefix('an ')}"
    if split.change <= 0:
        return f"No more so far than {whole_day} costs ({currency.text(split.expected)})."
    return (
        f"{currency.signed(split.change)} so far against {whole_day} "
        f"({currency.text(split.expected)}); what caused it can be told when the day is over."
    )


def _newcomer(comparison: Comparison, explanation: Explanation | None) -> str:
    effects = explanation.effects if explanation else ()
    if not effects:
        unknown = comparison.usage_missing and not comparison.running
        return f"Usage of {day_name(comparison.days[-1])} is not there yet." if unknown else ""
    top = max(effects, key=lambda effect: effect.requests + effect.mix)
    tokens = (top.after.input_tokens + top.after.output_tokens) / top.after.requests
    each = f", about {tokens:,.0f} tokens each" if tokens >= 1 else ""
    return f"{_count(top.after.requests)} to {clean(str(top.cell[1]))}{each}."


def _count(requests: float) -> str:
    return f"{requests:,.0f} {'request' if round(requests) == 1 else 'requests'}"


def _changed(
    finding: Finding,
    comparison: Comparison,
    split: Split,
    explanation: Explanation | None,
    currency: Currency,
) -> str:
    money = _IN_MONEY.get(Metric(finding.metric), "In money: ")
    days = f" in the {len(comparison.days)} finished days" if len(comparison.days) > 1 else ""
    against = _against(finding, split, currency)
    change = f"{money}{currency.signed(split.change)}{days} against {against}"
    if explanation:
        return f"{change}{_parts(split, explanation, currency)}."
    if comparison.usage_missing or {"line_item", "snapshot"}.isdisjoint(finding.subject.dimensions):
        day = comparison.usage_missing or comparison.days[-1]
        return f"{change}; usage of {day_name(day)} is not there yet to say what caused it."
    return f"{change}."


_IN_MONEY = {
    Metric.COST: "",
    Metric.COST_PER_REQUEST: "In money, for as many requests: ",
    Metric.COST_PER_MILLION_TOKENS: "In money, for as many tokens: ",
    Metric.CACHED_SHARE: "In money, for as much input: ",
    Metric.OUTPUT_RATIO: "In money, for as much input: ",
}


def _parts(split: Split, explanation: Explanation, currency: Currency) -> str:
    parts = dict(split.parts)
    floor = SMALL * sum(map(abs, parts.values()))
    large = sorted(
        (cause for cause, nanos in parts.items() if abs(nanos) >= floor and nanos),
        key=lambda cause: -abs(parts[cause]),
    )
    told = [
        f"{_WORDS[cause](explanation.effects, parts[cause])} ({currency.signed(parts[cause])})"
        for cause in large
        if cause is not Cause.UNEXPLAINED
    ]
    rest = split.change - sum(parts[cause] for cause in large)
    if told and abs(rest) >= currency.smallest:
        told.append(f"the rest {currency.signed(rest)}")
    unexplained = ""
    if Cause.UNEXPLAINED in large:
        names = f" ({', '.join(split.unexplained)})" if split.unexplained else ""
        unexplained = (
            f"{currency.signed(parts[Cause.UNEXPLAINED])} that usage does not explain{names}"
        )
    return f": {'; '.join(filter(None, (', '.join(told), unexplained)))}"


def _requests(effects: Sequence[Effect], nanos: float) -> str:
    more = "more" if nanos > 0 else "fewer"
    led = _leading(effects, lambda effect: effect.requests)
    if led is None:
        return f"{more} requests{_several(effects, nanos)}"
    group, where = led
    before, after = (sum(volume) for volume in zip(*map(_both_requests, group), strict=True))
    if before <= 0:
        return f"{_count(after)}{where}, where there were none"
    if after <= 0:
        return f"requests{where} stopped"
    if (after > before) != (nanos > 0):
        return f"{more} requests{where}"
    if after >= 5 * before:
        return f"{times(after / before)} the requests{where}"
    return f"{abs(after / before - 1):.0%} {more} requests{where}"


def _several(effects: Sequence[Effect], nanos: float) -> str:
    """` in search and support`, else ` to gpt-5 and o3`: the few that make up most of a part."""
    places = {effect.cell[0] for effect in effects}
    by: dict[str, float] = defaultdict(float)
    for effect in effects:
        by[clean(str(effect.cell[0 if len(places) > 1 else 1]))] += effect.requests
    told, so_far = [], 0.0
    for name in sorted(by, key=lambda name: -abs(by[name]))[:NAMED]:
        if so_far < LEADING * abs(nanos) and by[name] * nanos > 0:
            told.append(name)
            so_far += abs(by[name])
    if so_far < LEADING * abs(nanos):
        return ""
    last = told.pop()
    names = f"{', '.join(told)} and {last}" if told else last
    return f" {'in' if len(places) > 1 else 'to'} {names}"


def _both_requests(effect: Effect) -> tuple[float, float]:
    return effect.before.requests, effect.after.requests


def _size(effects: Sequence[Effect], nanos: float) -> str:
    prompts, answers = sum(e.prompts for e in effects), sum(e.answers for e in effects)
    longer = "longer" if nanos > 0 else "shorter"
    large = [abs(part) >= 0.25 * abs(nanos) and part * nanos > 0 for part in (prompts, answers)]
    tokens = all(e.after.output_tokens or e.before.output_tokens for e in effects if e.answers)
    if not tokens:
        return "more in each request" if nanos > 0 else "less in each request"
    if all(large):
        return f"{longer} prompts and answers"
    return f"{longer} prompts" if abs(prompts) > abs(answers) else f"{longer} answers"


def _mix(effects: Sequence[Effect], nanos: float) -> str:
    moved = [e for e in effects if e.mix]
    gainer = max(moved, key=lambda e: abs(e.mix) * (e.after.requests > e.before.requests))
    loser = max(moved, key=lambda e: abs(e.mix) * (e.after.requests < e.before.requests))
    names = [clean(str(effect.cell[1])) for effect in (loser, gainer)]
    if gainer.cell[0] != loser.cell[0] or names[0] == names[1]:
        return "a dearer mix of models" if nanos > 0 else "a cheaper mix of models"
    return f"requests moved from {names[0]} to {names[1]}"


def _cached(effects: Sequence[Effect], nanos: float) -> str:
    verb = "fell" if nanos > 0 else "rose"
    led = _leading(effects, lambda effect: effect.cached)
    group, where = led or ([e for e in effects if e.cached], "")
    before, after = _cached_share(group, 0), _cached_share(group, 1)
    if (after < before) != (nanos > 0):
        return f"cached share {verb}"
    return f"cached share{where.replace(' to ', ' of ')} {verb} from {before:.0%} to {after:.0%}"


def _cached_share(effects: Sequence[Effect], side: int) -> float:
    volumes = [(effect.before, effect.after)[side] for effect in effects]
    inputs = sum(volume.input_tokens for volume in volumes)
    return sum(volume.cached_tokens for volume in volumes) / inputs if inputs else 0.0


def _price(effects: Sequence[Effect], nanos: float) -> str:
    led = _leading(effects, lambda effect: effect.price)
    where = led[1].replace(" to ", " of ") if led else ""
    return f"a {'higher' if nanos > 0 else 'lower'} price{where}"


_WORDS: dict[Cause, Callable[[Sequence[Effect], float], str]] = {
    Cause.REQUESTS: _requests,
    Cause.TOKENS_PER_REQUEST: _size,
    Cause.MODEL_MIX: _mix,
    Cause.CACHED_SHARE: _cached,
    Cause.PRICE: _price,
}


def _leading(
    effects: Sequence[Effect], part: Callable[[Effect], float]
) -> tuple[list[Effect], str] | None:
    """The model or project that makes up most of a part, and ` to gpt-5 in search`, where there
    are others; None if none does."""
    whole = sum(abs(part(effect)) for effect in effects)
    if not whole:
        return None
    top = max(effects, key=lambda effect: abs(part(effect)))
    project = f" in {top.cell[0]}" if len({effect.cell[0] for effect in effects}) > 1 else ""
    if abs(part(top)) >= LEADING * whole:
        model = f" to {clean(str(top.cell[1]))}" if len(effects) > 1 else ""
        return [top], f"{model}{project}"
    group = [e for e in effects if (e.cell[0], e.kind) == (top.cell[0], top.kind)]
    is_all = all(e in group for e in effects if e.cell[0] == top.cell[0])
    if sum(abs(part(effect)) for effect in group) < LEADING * whole or not is_all:
        return None
    return group, project


def _most(contributors: Sequence[Contributor], money: Callable[[float], str]) -> str:
    """`Most of it: key ci-key +$120.10 (67%), …`: the first of each dimension."""
    firsts: dict[str, Contributor] = {}
    for one in contributors:
        if one.share is None or one.share >= WORTH_NAMING:
            firsts.setdefault("model" if one.dimension == "line_item" else one.dimension, one)
    if not firsts:
        return ""
    told = [
        f"{_KINDS.get(one.dimension, one.dimension)} {one.name} {money(one.nanos)}{_share(one)}"
        for one in firsts.values()
    ]
    return f"Most of it: {', '.join(told)}."


def _share(one: Contributor) -> str:
    if one.share is None or not 0 < one.share < 0.995:
        return ""
    return f" ({one.share:.0%})"


_KINDS = {"api_key": "key", "line_item": "line item"}
