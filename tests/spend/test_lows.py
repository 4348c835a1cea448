"""Days far below their weekday, and how long that goes on."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.spend.lows import Lows, Replay

ALL = np.array([0])


def judged(*values: int, least: float = 5, unread: tuple[int, ...] = ()) -> Replay:
    """Of one subject, all days but the last two history."""
    column = np.array(values)[:, None]
    history, complete = column.astype(float), np.ones(len(values), bool)
    history[[*unread, len(values) - 2, len(values) - 1]] = np.nan
    complete[list(unread)] = False
    return Lows(column, history, complete, 0.2).replayed(ALL, least)


def dropped(replay: Replay) -> list[int]:
    return np.flatnonzero(replay.dropped[:, 0]).tolist()


def test_a_day_at_a_fifth_of_its_usual_weekday_is_low_and_one_above_it_is_not() -> None:
    assert dropped(judged(*[100] * 28, 20, 21)) == [28]


def test_a_drop_lasts_until_a_day_that_is_not_low_and_its_days_never_become_usual() -> None:
    replay = judged(*[100] * 28, *[0] * 40, 100, 100)
    assert dropped(replay) == list(range(28, 56))  # then fewer than 3 of 6 weeks are left
    assert set(replay.began[28:56, 0].tolist()) == {28}
    assert replay.usual[55, 0] == 100


def test_an_idle_weekday_or_too_few_of_them_make_no_drop() -> None:
    assert dropped(judged(*[100] * 14, *[0] * 2)) == []
    assert dropped(judged(*([100, 0, 100, 100, 100, 100, 100] * 4), 0, 0)) == [28]


def test_what_is_usually_too_small_is_no_drop() -> None:
    assert dropped(judged(*[4] * 28, 0, 0)) == []


def test_a_day_that_was_not_read_neither_begins_a_drop_nor_ends_one() -> None:
    replay = judged(*[100] * 28, 0, 0, 0, unread=(29,))
    assert dropped(replay) == [28, 30]
    assert replay.began[30, 0] == 28


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), days=st.integers(1, 100), least=st.sampled_from([0, 30]))
def test_nobody_drops_but_whom_the_quick_look_names_since_the_row_it_names(
    seed: int, days: int, least: float
) -> None:
    chance = np.random.default_rng(seed)
    values = (chance.gamma(4, 25, (days, 5)) * (chance.random((days, 5)) < 0.85)).astype(int)
    values[chance.integers(0, days) :, 0] = 0
    history = np.where(chance.random((days, 1)) < 0.9, values, np.nan)
    lows = Lows(values, history, chance.random(days) < 0.9, 0.2)
    whole, ever = lows.replayed(np.arange(5), least), lows.ever()
    for at in range(days):
        named = ever.on([at], least)
        assert set(np.flatnonzero(whole.dropped[at])) <= set(named)
        if len(named):
            part = lows.replayed(named, least, ever.since(at, named))
            assert (part.dropped[at] == whole.dropped[at, named]).all()
            assert (part.began[at] == whole.began[at, named]).all()
