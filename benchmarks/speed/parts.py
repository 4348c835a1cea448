"""The parts of `make bench`: each gives lines of the table."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from benchmarks.speed.rulebook import wide_file
from benchmarks.speed.shape import NOW, TODAY, Shape
from benchmarks.speed.stage import PYTHON, REFETCHED, Stage, restate
from benchmarks.speed.usage import Cost, cost_of, least

HEAVY = ("pandas", "matplotlib", "sqlalchemy", "slack_sdk")
_LEAST_MEMORY = 130.0


@dataclass(frozen=True, slots=True)
class Line:
    """What was measured, its figures, and whether the goal was met (None: there is none)."""

    part: str
    what: str
    seconds: float | None = None
    megabytes: float | None = None
    ratio: str = ""
    goal: str = ""
    met: bool | None = None


@dataclass(frozen=True, slots=True)
class Size:
    """How large everything is."""

    name: str
    bill: Shape
    rules: int
    backfill_days: int
    notebook_days: int
    backtest: Shape
    backtest_days: int
    charts: tuple[int, ...]
    growth_projects: tuple[int, ...]
    growth_days: tuple[int, ...]
    runs: int = 3
    pages: tuple[Shape, ...] = ()
    extremes: tuple[tuple[Shape, int], ...] = ()


SIZES = {
    "full": Size(
        name="full",
        bill=Shape(1000, 50, 1, 90),
        rules=1000,
        backfill_days=90,
        notebook_days=30,
        backtest=Shape(200, 3, 1, 455),
        backtest_days=365,
        charts=(20, 20_000),
        growth_projects=(10, 100, 1000, 10_000),
        growth_days=(30, 90, 365, 730),
        pages=(Shape(12_000, 50, 1, 1), Shape(20_000, 50, 1, 1)),
        extremes=((Shape(50, 10, 1, 3650), 20), (Shape(20_000, 2, 1, 30), 5000)),
    ),
    "medium": Size(
        name="medium",
        bill=Shape(1000, 50, 1, 30),
        rules=1000,
        backfill_days=6,
        notebook_days=6,
        backtest=Shape(100, 3, 1, 200),
        backtest_days=110,
        charts=(20, 5000),
        growth_projects=(10, 100, 1000),
        growth_days=(30, 90, 365),
        runs=2,
    ),
    "small": Size(
        name="small",
        bill=Shape(20, 10, 1, 20),
        rules=50,
        backfill_days=5,
        notebook_days=5,
        backtest=Shape(5, 3, 1, 60),
        backtest_days=20,
        charts=(20,),
        growth_projects=(10, 100),
        growth_days=(30, 60),
        runs=1,
    ),
}


def check(stage: Stage, size: Size) -> Iterator[Line]:
    """(a) The main job beside a bare loop over the same pages."""
    first = str(TODAY - timedelta(days=REFETCHED - 1))
    with stage.serving(size.bill) as url:
        config = stage.configured(url, size.bill, size.rules)
        database = stage.stored(size.bill)
        bare_file = stage.folder / "bare.db"
        bare_file.unlink(missing_ok=True)
        stage.check(config)  # byte code, names
        again, changed, bare = [], [], []
        for _ in range(size.runs):
            bare.append(
                stage.run("benchmarks.speed.bare", url, str(bare_file), first, str(REFETCHED))
            )
            again.append(stage.check(config))
            restate(database, REFETCHED)
            changed.append(stage.check(config))
    loop = least(bare)
    rows = f"{size.bill.per_day * REFETCHED:,} rows of {size.bill.rows:,}, {size.rules:,} rules"
    yield Line("a", f"bare loop, {size.bill.per_day * REFETCHED:,} rows", *loop[:2])
    for what, found in (("every amount restated", changed), ("nothing restated", again)):
        yield _beside("a", f"bot check, {rows}, {what}", least(found), loop, 1.5, _LEAST_MEMORY)


def backfill(stage: Stage, size: Size) -> Iterator[Line]:
    """(b) The first fetch of a history beside the loop, and its memory with fewer days."""
    shape = size.bill.of_days(size.backfill_days)
    first = str(TODAY - timedelta(days=size.backfill_days - 1))
    with stage.serving(shape) as url:
        config = stage.configured(url, shape, 1, size.backfill_days)
        (stage.folder / "bare.db").unlink(missing_ok=True)
        bare = stage.run(
            "benchmarks.speed.bare", url, str(stage.folder / "bare.db"), first, str(shape.days)
        )
        (stage.folder / "work.db").unlink(missing_ok=True)
        found = stage.bot("fetch", "--config", str(config), "--since", first)
    yield Line("b", f"bare loop, {shape.rows:,} rows", *bare[:2])
    yield _beside("b", f"bot fetch, {shape.rows:,} rows", found, bare, 1.5, _LEAST_MEMORY)


def notebook(stage: Stage, size: Size) -> Iterator[Line]:
    """(c) The notebook's way beside the bot's, on the same pages."""
    shape = size.bill.of_days(size.notebook_days)
    first = str(TODAY - timedelta(days=shape.days - 1))
    with stage.serving(shape) as url:
        config = stage.configured(url, shape, 1, shape.days)
        found = stage.run("benchmarks.speed.notebook", url, first, str(shape.days))
        (stage.folder / "work.db").unlink(missing_ok=True)
        whole = stage.bot("fetch", "--config", str(config), "--since", first)
        daily = stage.check(config)
    yield Line("c", f"notebook, {shape.rows:,} rows, each day anew", *found[:2])
    for what, bot in (("bot fetch of the same pages", whole), ("bot check, the day after", daily)):
        times, less = found.seconds / bot.seconds, found.megabytes / bot.megabytes
        met = times >= 3 and less >= 10
        goal = "≥ 3×, 10× less memory"
        yield Line("c", what, *bot[:2], f"{times:.1f}×, {less:.1f}× less memory", goal, met)


def judging(stage: Stage, size: Size) -> Iterator[Line]:
    """(d) Rules judged beside all rows loaded into pandas."""
    config = stage.configured("http://127.0.0.1:9/v1", size.bill, size.rules)
    database = stage.stored(size.bill)
    judged = _inside(stage, "judge", str(config))
    framed = _inside(stage, "frames", str(database), str(config))
    yield Line("d", "all rows into pandas, caps compared", framed["seconds"], framed["megabytes"])
    times = framed["seconds"] / judged["seconds"]
    yield Line(
        "d",
        f"{size.rules:,} rules judged",
        judged["seconds"],
        judged["megabytes"],
        f"{times:.0f}×",
        "≥ 20×",
        times >= 20,
    )


def backtest(stage: Stage, size: Size) -> Iterator[Line]:
    """(e) A year replayed, with rules mostly about one project and with rules about all."""
    shape, url = size.backtest, "http://127.0.0.1:9/v1"
    what = f"bot backtest, {size.backtest_days} days × 50 rules × {shape.projects} projects"
    config = stage.configured(url, shape, 50, shape.days)
    yield _replayed(stage, size, config, what)
    config = stage.ruled([wide_file(50)], url, shape.days)
    yield _replayed(stage, size, config, f"{what}, every rule about all of them")


def _replayed(stage: Stage, size: Size, config: Path, what: str) -> Line:
    stage.stored(size.backtest)
    since = str(TODAY - timedelta(days=size.backtest_days))
    at = f"{NOW:%Y-%m-%dT%H:%M:%SZ}"
    found = stage.bot("backtest", "--config", str(config), "--since", since, "--as-of", at)
    return Line("e", what, *found[:2], "", "< 30 s", found.seconds < 30)


def startup(stage: Stage, size: Size) -> Iterator[Line]:
    """(f) Commands that people and probers wait for, beside Python doing nothing."""
    config = stage.configured("http://127.0.0.1:9/v1", size.bill, 10)
    stage.stored(size.bill)
    runs = 3 * size.runs

    def cost(*command: str) -> Cost:
        return least([cost_of([PYTHON, *command], stage.env) for _ in range(runs)])

    nothing = cost("-c", "pass")
    yield Line("f", "python -c pass", *nothing[:2])
    first = least([_first_status(stage, config) for _ in range(runs)])  # the last one is noted
    for name in ("--help", "health", "status"):
        arguments = () if name == "--help" else ("--config", str(config))
        found = cost("-m", "bot", name, *arguments)
        loaded = _loaded(stage, name, *arguments)
        times = found.seconds / nothing.seconds
        what = f"bot {name}" + (f" (loads {', '.join(loaded)})" if loaded else "")
        met = times <= 6 and not loaded
        yield Line("f", what, *found[:2], f"{times:.1f}×", "≤ 6×, none of the heavy four", met)
    times = first.seconds / nothing.seconds
    yield Line("f", "bot status, the first after an edit", *first[:2], f"{times:.1f}×")


def _first_status(stage: Stage, config: Path) -> Cost:
    """Nobody has judged the configuration yet."""
    shutil.rmtree(stage.cache, ignore_errors=True)
    return cost_of([PYTHON, "-m", "bot", "status", "--config", str(config)], stage.env)


def _loaded(stage: Stage, *arguments: str) -> list[str]:
    log = stage.folder / "imports"
    cost_of([PYTHON, "-X", "importtime", "-m", "bot", *arguments], stage.env, log)
    names = {line.rpartition("|")[2].strip() for line in log.read_text().splitlines()}
    return [name for name in HEAVY if name in names]


def charts(stage: Stage, size: Size) -> Iterator[Line]:
    """(g) The digest's chart."""
    for projects in size.charts:
        shape = Shape(projects, 1, 1, 30)
        config = stage.configured("http://127.0.0.1:9/v1", shape, 1, 30)
        stage.stored(shape)
        _inside(stage, "chart", str(config))  # byte code
        found = _inside(stage, "chart", str(config))
        for name, most in (("cold", 1.0), ("warm", 0.3)):
            what = f"chart of {projects:,} projects, {name}"
            met = found[name] <= most
            yield Line("g", what, found[name], found["megabytes"], "", f"≤ {most} s", met)


def growth(stage: Stage, size: Size) -> Iterator[Line]:
    """(h) How a check grows with projects, and with days of history."""
    shapes = [Shape(projects, 10, 1, 30) for projects in size.growth_projects]
    yield from _growth(stage, size, "projects", shapes, [s.projects for s in shapes])
    shapes = [Shape(200, 10, 1, days) for days in size.growth_days]
    yield from _growth(stage, size, "days", shapes, [s.days for s in shapes])


def _growth(
    stage: Stage, size: Size, over: str, shapes: list[Shape], steps: list[int]
) -> Iterator[Line]:
    costs = []
    for shape, step in zip(shapes, steps, strict=True):
        with stage.serving(shape) as url:
            config = stage.configured(url, shape, 20, shape.days)
            database = stage.stored(shape)
            runs = []
            for _ in range(size.runs):
                restate(database, REFETCHED)
                runs.append(stage.check(config))
        costs.append(least(runs))
        yield Line("h", f"bot check, {step:,} {over}", *costs[-1][:2])
    time = exponent(steps[-2:], [cost.seconds for cost in costs[-2:]])
    memory = exponent(steps[-2:], [cost.megabytes for cost in costs[-2:]])
    words = f"time ^{time:.2f}, memory ^{memory:.2f}"
    what = f"exponents over {over}, of the last step"
    met = time <= 1.1 and memory <= 0.4
    yield Line("h", what, None, None, words, "time ≤ 1.1, memory ≤ 0.4", met)


def extremes(stage: Stage, size: Size) -> Iterator[Line]:
    """(i) What no organisation should have, and some will."""
    for shape in size.pages:
        with stage.serving(shape) as url:
            config = stage.configured(url, shape, 1, 7)
            (stage.folder / "work.db").unlink(missing_ok=True)
            found = stage.bot("fetch", "--config", str(config), "--since", str(TODAY))
        yield Line("i", f"bot fetch, one page of {shape.rows:,} rows", *found[:2])
    for shape, rules in size.extremes:
        with stage.serving(shape) as url:
            config = stage.configured(url, shape, rules, shape.days)
            restate(stage.stored(shape), REFETCHED)
            found = stage.check(config)
        what = f"{shape.projects:,} projects, {shape.days:,} days of history, {rules:,} rules"
        yield Line("i", f"bot check, {what}", *found[:2])


def exponent(steps: list[int], values: list[float]) -> float:
    """Of the power of `steps` that `values` grow with."""
    return math.log(values[1] / values[0]) / math.log(steps[1] / steps[0])


def _inside(stage: Stage, *arguments: str) -> dict[str, Any]:
    stage.run("benchmarks.speed.inside", *arguments)
    found: dict[str, Any] = json.loads(stage.last_line())
    return found


def _beside(part: str, what: str, found: Cost, bare: Cost, most: float, memory: float) -> Line:
    times = found.seconds / bare.seconds
    met = times <= most and found.megabytes <= memory
    goal = f"≤ {most}×, ≤ {memory:.0f} MB"
    return Line(part, what, found.seconds, found.megabytes, f"{times:.2f}×", goal, met)


Part = Callable[[Stage, Size], Iterator[Line]]
PARTS: dict[str, Part] = {
    "a": check,
    "b": backfill,
    "c": notebook,
    "d": judging,
    "e": backtest,
    "f": startup,
    "g": charts,
    "h": growth,
    "i": extremes,
}
