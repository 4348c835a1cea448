"""The live source against the fake organisation."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from bot.sources.base import Fetched, FetchFailure, Source
from bot.sources.deadline import Halt
from bot.sources.http import ApiClient
from bot.sources.openai import OpenAISource
from bot.sources.paging import Answer, Params
from bot.sources.patience import Clock, Patience
from bot.spend.calendar import Span
from bot.spend.money import share_out
from bot.spend.rows import CostDay, CostRow, Name, UsageDay, UsageKind
from tests.fakes import CostRow as Billed
from tests.fakes import FakeOpenAI, Fault, Raw, organisation
from tests.fakes import UsageRow as Used
from tests.fakes.openai_rows import dumps
from tests.sources.build import at, bucket, cost, envelope
from tests.sources.contract import BROKEN, DAYS, SourceContract

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
HURRY = Patience(attempts=2, connect=1, read=0.2, deadline=0.3, budget=30)
Connect = Callable[..., OpenAISource]


@pytest.fixture
def server() -> Iterator[FakeOpenAI]:
    org = organisation(DAYS.end, days=25)
    with FakeOpenAI(**org._asdict(), now=NOW) as running:
        yield running


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Makes sources for servers; no clock runs while they wait."""
    clients = []

    def made(server: FakeOpenAI, *args: Any, key: str | None = None, **kwargs: Any) -> OpenAISource:
        clock = Clock(sleep=lambda _: None)
        token = server.admin_key if key is None else key
        clients.append(ApiClient(token, server.base_url, patience=HURRY, clock=clock))
        return OpenAISource(clients[-1], *args, **kwargs)

    yield made
    for client in clients:
        client.close()


class Pages:
    """A client that asks for pages of at most so many days."""

    def __init__(self, server: FakeOpenAI, days: int, client: ApiClient | None = None) -> None:
        made = client or ApiClient(server.admin_key, server.base_url, patience=HURRY)
        self._client = made
        self._days = days

    def get(self, path: str, params: Params, halt: Halt | None = None) -> Answer:
        bill = "bucket_width" in dict(params)
        fewer = (
            (n, self._at_most(value) if bill and n == "limit" else value) for n, value in params
        )
        return self._client.get(path, tuple(fewer), halt)

    def _at_most(self, limit: str) -> str:
        return str(min(int(limit), self._days))


class Scripted:
    """A client that answers what a function says."""

    def __init__(self, answer: Callable[[str, Params], bytes]) -> None:
        self._answer = answer

    def get(self, path: str, params: Params, halt: Halt | None = None) -> Answer:
        assert halt is None or not halt.halted
        return Answer(self._answer(path, params))


class TestContract(SourceContract):
    @pytest.fixture
    def source(self, server: FakeOpenAI, connect: Connect) -> Source:
        return connect(server)

    @pytest.fixture
    def broken_source(self, server: FakeOpenAI) -> Source:
        server.break_page(2, "missing_data")  # the last day of page 1 is held back: BROKEN
        return OpenAISource(Pages(server, (BROKEN - DAYS.start).days + 1))


def costs_in(items: list[Fetched]) -> dict[date, tuple[CostRow, ...]]:
    return {item.day: item.rows for item in items if isinstance(item, CostDay)}


def failures_in(items: list[Fetched]) -> list[FetchFailure]:
    return [item for item in items if isinstance(item, FetchFailure)]


def queries(server: FakeOpenAI, path: str) -> list[dict[str, list[str]]]:
    return [
        {name: request.params(name) for name, _ in request.query}
        for request in server.requests_to(f"/v1/organization/{path}")
    ]


def test_totals_are_exact_to_the_nano_dollar(server: FakeOpenAI, connect: Connect) -> None:
    fetched = costs_in(list(connect(server).fetch(DAYS)))
    for day in DAYS:
        spent = sum((Decimal(r.amount) for r in server.costs if r.day == day), Decimal(0))
        assert sum(row.nanos for row in fetched[day]) == share_out([spent])[0]


@pytest.mark.parametrize(
    "amounts",
    [
        ["12.50", Raw("0.0001050000000000000000000000000000000"), Raw("0E-6176"), Raw("-2.5")],
        ["0.0408070500", "-0.04"],
        [Raw("0.3333333333333333333333333333333333")] * 7,
    ],
)
def test_amounts_of_every_spelling_add_up(connect: Connect, amounts: list[Any]) -> None:
    day = date(2026, 11, 18)
    rows = [Billed(day, amount, f"proj_{n}") for n, amount in enumerate(amounts)]
    with FakeOpenAI(rows, now=NOW) as server:
        items = list(connect(server).fetch(Span(day, day + timedelta(days=1))))
    exact = sum((Decimal(str(amount)) for amount in amounts), Decimal(0))
    assert sum(row.nanos for row in costs_in(items)[day]) == share_out([exact])[0]


def test_costs_are_asked_for_by_whole_days_and_repeated_keys(
    server: FakeOpenAI, connect: Connect
) -> None:
    list(connect(server).fetch(Span(date(2026, 11, 20), date(2026, 11, 21))))
    assert queries(server, "costs") == [
        {
            "start_time": [str(at(date(2026, 11, 20)))],
            "end_time": [str(at(date(2026, 11, 21)))],
            "bucket_width": ["1d"],
            "limit": ["180"],
            "group_by": ["project_id", "line_item", "api_key_id"],
        }
    ]


BY_MODEL = ["project_id", "model", "api_key_id"]
GROUPS = dict.fromkeys(UsageKind, BY_MODEL) | {
    UsageKind.COMPLETIONS: [*BY_MODEL, "batch", "service_tier"],
    UsageKind.VECTOR_STORES: ["project_id"],
    UsageKind.CODE_INTERPRETER_SESSIONS: ["project_id"],
    UsageKind.FILE_SEARCH_CALLS: ["project_id", "api_key_id"],
}


@pytest.mark.parametrize("kind", UsageKind)
def test_usage_is_grouped_by_what_its_kind_knows(
    server: FakeOpenAI, connect: Connect, kind: UsageKind
) -> None:
    list(connect(server, fetch_names=False).fetch(DAYS))
    (query,) = queries(server, f"usage/{kind}")
    assert query["group_by"] == GROUPS[kind]
    assert (query["limit"], query["bucket_width"]) == (["31"], ["1d"])


def test_what_is_not_broken_down_is_not_asked_for(server: FakeOpenAI, connect: Connect) -> None:
    items = list(connect(server, ("project",)).fetch(DAYS))
    assert [query["group_by"] for query in queries(server, "costs")] == [["project_id"]]
    assert [query["group_by"] for query in queries(server, "usage/images")] == [
        ["project_id", "model"]
    ]
    assert queries(server, "projects/*/api_keys") == []
    assert {row[2:4] for rows in costs_in(items).values() for row in rows} == {(None, None)}


def test_without_a_break_down_nothing_is_grouped(server: FakeOpenAI, connect: Connect) -> None:
    items = list(connect(server, ()).fetch(DAYS))
    assert "group_by" not in queries(server, "costs")[0]
    assert {len(rows) for rows in costs_in(items).values()} == {1}


def test_days_before_keys_were_billed_are_asked_for_without_them(connect: Connect) -> None:
    days = [date(2025, 12, 4) + timedelta(days=n) for n in range(4)]
    rows = [Billed(day, 1, "proj_a", "gpt, input", "key_a") for day in days]
    with FakeOpenAI(rows, now=NOW) as server:
        items = list(connect(server).fetch(Span(days[0], days[-1] + timedelta(days=1))))
        asked = queries(server, "costs")
    assert [query["group_by"] for query in asked] == [
        ["project_id", "line_item"],
        ["project_id", "line_item", "api_key_id"],
    ]
    assert asked[0]["end_time"] == asked[1]["start_time"] == ["1764979200"]
    assert {str(day): rows[0].api_key_id for day, rows in costs_in(items).items()} == {
        "2025-12-04": None,
        "2025-12-05": None,
        "2025-12-06": "key_a",
        "2025-12-07": "key_a",
    }
    assert failures_in(items) == []


def test_without_keys_the_span_is_not_split(connect: Connect) -> None:
    with FakeOpenAI(now=NOW) as server:
        list(connect(server, ("project",)).fetch(Span(date(2025, 12, 1), date(2025, 12, 31))))
        assert len(queries(server, "costs")) == 1


def test_a_day_without_spend_is_a_day_without_rows(connect: Connect) -> None:
    with FakeOpenAI(now=NOW) as server:
        items = list(connect(server).fetch(Span(date(2026, 11, 17), date(2026, 11, 23))))
    # The 21st and 22nd have not begun: no bucket at all.
    assert costs_in(items) == dict.fromkeys(Span(date(2026, 11, 17), date(2026, 11, 23)), ())


def test_today_is_only_a_part_of_a_day(server: FakeOpenAI, connect: Connect) -> None:
    items = list(connect(server).fetch(Span(date(2026, 11, 19), date(2026, 11, 21))))
    days = [item for item in items if isinstance(item, CostDay | UsageDay)]
    parts = {(type(item), item.day.day, item.whole) for item in days}
    assert parts == {
        (CostDay, 19, True),
        (CostDay, 20, False),
        (UsageDay, 19, True),
        (UsageDay, 20, False),
    }


def test_pages_are_followed_with_the_same_query(server: FakeOpenAI) -> None:
    items = list(OpenAISource(Pages(server, 10)).fetch(DAYS))
    first, second = server.requests_to("/v1/organization/costs")
    assert [pair for pair in second.query if pair[0] != "page"] == first.query
    assert list(costs_in(items)) == list(DAYS)
    assert failures_in(items) == []


@pytest.mark.parametrize(
    ("breach", "wrong"),
    [
        ("missing_data", "page 2 (request req_…): `data` is missing"),
        ("missing_has_more", "page 2 (request req_…): `has_more` is missing"),
        ("null_cursor", "page 2 (request req_…): `has_more` is true, but `next_page` is missing"),
        ("repeat_cursor", "page 2 (request req_…): the cursor of the next page repeats"),
        ("endless", "page 3 (request req_…): the bucket of 2026-11-11 comes after that of 2026"),
    ],
)
def test_a_breach_on_a_page_fails_its_days_and_the_one_held_back(
    server: FakeOpenAI, breach: Any, wrong: str
) -> None:
    server.break_page(2, breach)
    items = list(OpenAISource(Pages(server, 10)).fetch(DAYS))
    failed = {failure.part: failure for failure in failures_in(items)}
    assert len(failed) == 11
    begins, _, ends = wrong.partition("…")
    assert failed["costs"].message.startswith(f"costs, {begins}")
    assert ends in failed["costs"].message
    lost = Span(date(2026, 11, 20 if breach == "endless" else 10), DAYS.end)
    assert failed["costs"].days == lost
    assert list(costs_in(items)) == list(Span(DAYS.start, lost.start))


def test_a_day_in_two_pages_is_added_up_not_replaced() -> None:
    day = date(2026, 11, 18)
    first = bucket(day, cost(Raw("1.0000000004")))
    second = bucket(day, cost("2.0000000004"))

    def halves(path: str, params: Params) -> bytes:
        if not path.endswith("costs"):
            return dumps(envelope())
        return dumps(envelope(second) if "page" in dict(params) else envelope(first, next_page="2"))

    items = list(OpenAISource(Scripted(halves)).fetch(Span(day, day + timedelta(days=1))))
    assert [row.nanos for row in costs_in(items)[day]] == [3_000_000_001]


def test_a_day_that_cannot_be_read_is_the_only_one_lost(
    server: FakeOpenAI, connect: Connect
) -> None:
    bad = date(2026, 11, 5)
    server.costs.append(Billed(bad, 5, "proj_x", currency="eur"))
    items = list(connect(server).fetch(DAYS))
    (failure,) = failures_in(items)
    assert failure.days == Span(bad, bad + timedelta(days=1))
    assert failure.message.endswith("an amount is in EUR, not in USD")
    assert (failure.part, failure.optional) == ("costs", False)
    assert set(costs_in(items)) == set(DAYS) - {bad}


def test_an_answer_to_another_question_is_refused() -> None:
    old = dumps(envelope(bucket(date(2020, 1, 1))))
    items = list(OpenAISource(Scripted(lambda _path, _params: old)).fetch(DAYS))
    bill = [failure for failure in failures_in(items) if failure.part != "names"]
    assert Counter(failure.days for failure in bill) == {DAYS: 11}
    assert bill[0].message == (
        "costs, page 1: a bucket of 2020-01-01 came, but 2026-11-01 to 2026-11-20 was asked for"
    )


@pytest.mark.parametrize("kind", ["drop_before", "reset", "truncate", "timeout", "drip"])
def test_one_bad_connection_loses_nothing(server: FakeOpenAI, connect: Connect, kind: Any) -> None:
    server.faults.add(Fault(kind, path="*/costs"), Fault(kind, path="*/usage/completions"))
    items = list(connect(server).fetch(DAYS))
    assert failures_in(items) == []
    assert set(costs_in(items)) == set(DAYS)


@pytest.mark.parametrize(
    "fault",
    [
        Fault("status", path="*/costs", times=None),
        Fault("html", path="*/costs", times=None),
        Fault("redirect", path="*/costs", times=None),
        Fault("timeout", path="*/costs", times=None),
    ],
    ids=lambda fault: fault.kind,
)
def test_costs_that_cannot_be_read_are_a_failure_and_usage_still_comes(
    server: FakeOpenAI, connect: Connect, fault: Fault
) -> None:
    server.faults.add(fault)
    items = list(connect(server).fetch(DAYS))
    (failure,) = failures_in(items)
    assert (failure.part, failure.days, failure.optional) == ("costs", DAYS, False)
    assert sum(isinstance(item, UsageDay) for item in items) == 10 * len(DAYS)


def test_one_usage_kind_that_fails_is_optional(server: FakeOpenAI, connect: Connect) -> None:
    server.faults.add(Fault("status", path="*/usage/images", status=404, times=None))
    (failure,) = failures_in(list(connect(server).fetch(DAYS)))
    assert (failure.part, failure.days, failure.optional) == ("usage/images", DAYS, True)


@pytest.mark.parametrize("status", [401, 403])
def test_a_project_key_is_told_once_and_nothing_else_is_tried(
    server: FakeOpenAI, connect: Connect, status: int
) -> None:
    server.project_key_status = status
    items = list(connect(server, key="sk-proj-abc").fetch(DAYS))
    costs, usage = failures_in(items)
    assert len(items) == 2
    assert (costs.part, costs.days, costs.optional) == ("costs", DAYS, False)
    assert "this is a project key; costs need an admin key" in costs.message
    assert costs.hint == (
        "Create one under https://platform.openai.com/settings/organization/admin-keys"
        " and set OPENAI_ADMIN_KEY."
    )
    assert (usage.part, usage.days, usage.optional) == ("usage", DAYS, True)
    assert usage.message.startswith("usage was not asked for: costs (request req_")
    assert len(server.requests) == 1


def test_a_key_refused_for_old_days_names_all_days_once(connect: Connect) -> None:
    with FakeOpenAI(now=NOW) as server:
        days = Span(date(2025, 12, 1), date(2025, 12, 31))
        items = failures_in(list(connect(server, key="sk-proj-abc").fetch(days)))
        assert [(failure.part, failure.days) for failure in items] == [
            ("costs", days),
            ("usage", days),
        ]
        assert len(server.requests) == 1


def test_without_the_scope_ids_stay_and_it_is_said_once(
    server: FakeOpenAI, connect: Connect
) -> None:
    server.missing_scopes.add("api.management.read")
    items = list(connect(server).fetch(DAYS))
    (failure,) = failures_in(items)
    assert failure.message == (
        "names could not be read: the key lacks api.management.read; ids are shown instead"
    )
    assert (failure.part, len(failure.days), failure.optional) == ("names", 0, True)
    assert len(server.requests_to("/v1/organization/projects*")) == 1
    assert set(costs_in(items)) == set(DAYS)


def test_names_are_of_all_projects_and_of_the_keys_that_cost_something(
    server: FakeOpenAI, connect: Connect
) -> None:
    server.costs = [row for row in server.costs if row.project_id in {"proj_001", "proj_006"}]
    items = list(connect(server).fetch(DAYS))
    names = [item for item in items if isinstance(item, Name)]
    assert Name("project", "proj_006", "Research") in names  # archived
    assert Counter(name.dimension for name in names) == {"project": 6, "api_key": 4, "user": 1}
    assert Name("api_key", "key_006_batch", "nightly batch", "proj_006") in names
    assert [query["owner_project_access"] for query in queries(server, "projects/*/api_keys")] == [
        ["any"],
        ["any"],
    ]


def test_a_project_whose_keys_cannot_be_listed_is_left_out(
    server: FakeOpenAI, connect: Connect
) -> None:
    server.faults.add(Fault("status", path="*/proj_006/api_keys", status=400))
    server.costs.append(Billed(date(2026, 11, 18), 1, "proj_gone", "gpt, input", "key_gone"))
    server.costs.append(Billed(date(2026, 11, 18), 1, "../users", "gpt, input", "key_evil"))
    items = list(connect(server).fetch(DAYS))
    assert failures_in(items) == []
    assert Name("api_key", "key_005_prod", "production", "proj_005") in items
    paths = {request.path for request in server.requests}
    assert "/v1/organization/projects/proj_gone/api_keys" in paths
    assert not any("users/" in path or ".." in path for path in paths)


def test_many_failing_name_listings_are_one_failure(server: FakeOpenAI, connect: Connect) -> None:
    server.faults.add(Fault("status", path="*/api_keys", times=None))
    server.faults.add(Fault("status", path="*/users", times=None))
    items = list(connect(server).fetch(DAYS))
    (failure,) = failures_in(items)
    assert failure.part == "names"
    assert sum(isinstance(item, Name) for item in items) == 6


def test_names_that_are_null_are_left_out_and_e_mail_is_never_read(
    server: FakeOpenAI, connect: Connect
) -> None:
    server.projects[0] = server.projects[0]._replace(name=None)
    server.users[0] = server.users[0]._replace(name=None)
    items = list(connect(server).fetch(DAYS))
    names = {item.id for item in items if isinstance(item, Name)}
    assert "proj_001" not in names
    assert "user_ada" not in names
    assert "@" not in repr(items)


def test_names_can_be_left_out_and_asked_for_alone(server: FakeOpenAI, connect: Connect) -> None:
    source = connect(server, fetch_names=False)
    assert not any(isinstance(item, Name) for item in source.fetch(DAYS))
    names = list(source.names({"proj_002"}))
    assert Counter(n.dimension for n in names if isinstance(n, Name)) == {
        "project": 6,
        "api_key": 2,
        "user": 1,
    }
    server.missing_scopes.add("api.management.read")
    (failure,) = source.names(())
    assert isinstance(failure, FetchFailure)


def test_a_listing_of_names_goes_on_for_many_pages(server: FakeOpenAI, connect: Connect) -> None:
    server.projects = [server.projects[0]._replace(id=f"proj_{n}") for n in range(250)]
    items = list(connect(server).fetch(DAYS))
    assert sum(isinstance(item, Name) and item.dimension == "project" for item in items) == 250
    assert len(server.requests_to("/v1/organization/projects")) == 3


def test_answers_that_are_too_large_are_asked_for_in_fewer_days(server: FakeOpenAI) -> None:
    client = ApiClient(server.admin_key, server.base_url, largest=150_000)
    items = list(OpenAISource(client).fetch(DAYS))
    assert failures_in(items) == []
    assert list(costs_in(items)) == list(DAYS)
    asked = [query["limit"] for query in queries(server, "costs")]
    assert asked[:2] == [["180"], ["30"]]
    assert len(asked) > 3


def test_what_came_before_an_answer_that_is_too_large_is_not_asked_for_again(
    server: FakeOpenAI,
) -> None:
    busy = date(2026, 11, 10)
    server.costs = [Billed(busy, 1, f"proj_{n}") for n in range(350)]
    client = ApiClient(server.admin_key, server.base_url, largest=100_000)
    items = list(OpenAISource(Pages(server, 4, client), fetch_names=False).fetch(DAYS))
    assert failures_in(items) == []
    assert sorted(costs_in(items)) == list(DAYS)
    starts = {int(query["start_time"][0]) for query in queries(server, "costs")}
    # Pages of four days: the third, with the busy day, is too large; the 8th was held back.
    assert starts == {at(DAYS.start), at(date(2026, 11, 8))}


def test_a_day_that_is_too_large_even_alone_is_a_failure(server: FakeOpenAI) -> None:
    busy = date(2026, 11, 6)
    server.costs += [Billed(busy, 1, f"proj_{n}") for n in range(900)]
    client = ApiClient(server.admin_key, server.base_url, largest=150_000)
    items = list(OpenAISource(client).fetch(DAYS))
    (failure,) = failures_in(items)
    assert "the answer is larger than" in failure.message
    assert failure.days.start in {busy, busy - timedelta(days=1)}


def threads() -> list[str]:
    return [t.name for t in threading.enumerate() if t.name.startswith("fetch")]


def test_no_thread_is_left_when_all_is_read(server: FakeOpenAI, connect: Connect) -> None:
    list(connect(server).fetch(DAYS))
    assert threads() == []


@pytest.mark.parametrize("after", [1, 5, 40])
def test_closing_early_stops_every_thread(server: FakeOpenAI, connect: Connect, after: int) -> None:
    items = connect(server).fetch(DAYS)
    for _ in range(after):
        next(items)
    assert isinstance(items, Iterator)
    items.close()  # type: ignore[attr-defined] # an iterator here is a generator
    assert threads() == []


def test_an_interrupt_does_not_wait_for_a_server_that_hangs(server: FakeOpenAI) -> None:
    server.faults.add(Fault("timeout", path="*/usage/*", times=None, seconds=30))
    patient = Patience(read=30)
    source = OpenAISource(ApiClient(server.admin_key, server.base_url, patience=patient))
    begun = time.monotonic()

    def interrupted() -> None:
        for item in source.fetch(DAYS):
            if isinstance(item, CostDay) and item.day == date(2026, 11, 20):
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert time.monotonic() - begun < 2
    assert threads() == []


def test_an_interrupt_wakes_those_who_wait_to_try_again(server: FakeOpenAI) -> None:
    server.faults.add(Fault("status", path="*/usage/*", times=None))
    patient = Patience(first_wait=20)
    source = OpenAISource(ApiClient(server.admin_key, server.base_url, patience=patient))
    begun = time.monotonic()
    items = source.fetch(DAYS)
    next(items)
    while not server.requests_to("*/usage/*"):
        time.sleep(0.005)
    items.close()  # type: ignore[attr-defined] # an iterator here is a generator
    assert time.monotonic() - begun < 2
    assert threads() == []


def test_a_bug_in_a_thread_reaches_the_caller() -> None:
    def buggy(_path: str, _params: Params) -> bytes:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        list(OpenAISource(Scripted(buggy)).fetch(DAYS))
    assert threads() == []


def test_only_get_and_only_two_kinds_of_paths_ever_leave(
    server: FakeOpenAI, connect: Connect
) -> None:
    list(connect(server).fetch(DAYS))
    assert {request.method for request in server.requests} == {"GET"}
    roots = {request.path.split("/")[3] for request in server.requests}
    assert roots == {"costs", "usage", "projects", "users"}


def test_the_rows_of_usage_are_what_was_used(connect: Connect) -> None:
    day = date(2026, 11, 18)
    used = Used(
        day,
        {"input_tokens": 10, "output_tokens": 4, "num_model_requests": 2, "input_cached_tokens": 3},
        "proj_1",
        "gpt-5.4",
        "key_1",
        dims={"batch": True, "service_tier": "flex"},
    )
    with FakeOpenAI(usage={"completions": [used]}, now=NOW) as server:
        items = list(connect(server).fetch(Span(day, day + timedelta(days=1))))
    rows = [row for item in items if isinstance(item, UsageDay) for row in item.rows]
    assert [tuple(row) for row in rows] == [
        (day, "completions", "proj_1", "gpt-5.4", "key_1", True, "flex", 2, 10, 4, 3, 0, 0, 0.0)
    ]
