"""The charts of a digest, whatever the organisation."""

from __future__ import annotations

from time import process_time

import numpy as np
import pytest

from bot.messages.charts import DailyCost, RequestsByModel, Share, png
from bot.messages.charts.palette import OTHER, SUBJECTS
from bot.messages.charts.series import OTHER_ID
from bot.messages.digest_charts import NAMES, drawings
from bot.spend.calendar import Unit, period_of
from bot.spend.currency import USD
from bot.spend.ledger import DailyTable, Ledger
from bot.spend.metrics import Additive
from tests.build import YESTERDAY, ledger
from tests.messages.digests import BUDGETS, book, history, requests

DAY = period_of(YESTERDAY, Unit.DAY)


@pytest.fixture(scope="module")
def vast() -> Ledger:
    """20,000 projects, as sums that were read already."""
    found = ledger()
    chance = np.random.default_rng(7)
    ids = tuple((f"proj_{n:05}",) for n in range(20_000))
    values = chance.integers(1, 10**9, (len(found.span), len(ids)))
    found._tables[Additive.COST, ("project",)] = DailyTable(found.span, ids, values)
    whole = values.sum(axis=1, keepdims=True)
    found._tables[Additive.COST, ("organization",)] = DailyTable(found.span, ((None,),), whole)
    return found


def test_every_name_is_a_chart_of_an_ordinary_bill() -> None:
    assert list(drawings(book(), BUDGETS, frozenset(), DAY)) == list(NAMES)


def test_nothing_spent_is_no_chart() -> None:
    assert drawings(ledger(), BUDGETS, frozenset(), DAY) == {}


def test_twenty_thousand_projects_take_no_longer_and_no_more_bytes(vast: Ledger) -> None:
    png(drawings(book(), BUDGETS, frozenset(), DAY)["cost-per-day"])
    started = process_time()
    plots = drawings(vast, BUDGETS, frozenset(), DAY)
    pictures = [png(plots[name]) for name in ("cost-per-day", "share-by-project")]
    assert process_time() - started < 1.5, "0.6 s of a processor"
    assert max(map(len, pictures)) < 100_000


def test_what_is_folded_is_counted_in_full(vast: Ledger) -> None:
    plot = drawings(vast, BUDGETS, frozenset(), DAY)["cost-per-day"]
    assert isinstance(plot, DailyCost)
    assert len(plot.projects) < 100
    assert (
        "spread over 20,000 projects"
        in DailyCost(plot.span, plot.projects, currency=USD).headline()
    )
    table = vast.sums(Additive.COST, ("project",))
    assert sum(plot.totals()) == sum(table.totals(plot.span).values())


def test_a_project_has_one_colour_in_all_charts_and_shares_it_with_nobody() -> None:
    many = [
        entry
        for n in range(12)
        for entry in (
            *history(100 - n, project=f"proj_{n}"),
            *requests(10 + 40 * n, project=f"proj_{n}", model="gpt-5", kind="completions"),
        )
    ]
    plots = drawings(ledger(many), BUDGETS, frozenset(), DAY)
    daily, asked, share = (
        plots[name] for name in ("cost-per-day", "requests-by-model", "share-by-project")
    )
    assert isinstance(daily, DailyCost)
    assert isinstance(asked, RequestsByModel)
    assert isinstance(share, Share)
    assert daily.colours == asked.colours == share.colours
    assert sorted(daily.colours.values()) == sorted(SUBJECTS)
    assert {one.id for one in asked.projects} - {OTHER_ID} == set(daily.colours)
    assert OTHER not in daily.colours.values()


def test_the_last_finished_day_is_the_title_where_it_is_unusual() -> None:
    plot = drawings(book(history(60, project="proj_a")[-1:]), (), frozenset(), DAY)["cost-per-day"]
    assert isinstance(plot, DailyCost)
    assert plot.headline().startswith("Thu 19 Nov cost $140, above the usual $")
