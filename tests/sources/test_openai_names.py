"""Names of ids, from the fake organisation."""

from __future__ import annotations

from collections import Counter
from datetime import date

from bot.sources.base import FetchFailure
from bot.sources.openai import MOST_KEY_LISTINGS
from bot.spend.rows import Name
from tests.fakes import CostRow as Billed
from tests.fakes import FakeOpenAI, Fault
from tests.sources.contract import DAYS
from tests.sources.live import Connect, costs_in, failures_in, queries


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


def test_many_failing_name_listings_are_one_failure(server: FakeOpenAI, connect: Connect) -> None:
    server.faults.add(Fault("status", path="*/api_keys", times=None))
    server.faults.add(Fault("status", path="*/users", times=None))
    items = list(connect(server).fetch(DAYS))
    (failure,) = failures_in(items)
    assert failure.part == "names"
    assert sum(isinstance(item, Name) for item in items) == 6


def test_a_project_whose_keys_have_names_already_is_not_asked(
    server: FakeOpenAI, connect: Connect
) -> None:
    server.costs = [row for row in server.costs if row.project_id in {"proj_001", "proj_006"}]
    known = {row.api_key_id for row in server.costs if row.project_id == "proj_001"}
    list(connect(server, known_keys=[key for key in known if key]).fetch(DAYS))
    asked = [request.path for request in server.requests_to("/v1/organization/projects/*/api_keys")]
    assert asked == ["/v1/organization/projects/proj_006/api_keys"]


def test_a_key_that_its_project_does_not_list_comes_without_a_name(
    server: FakeOpenAI, connect: Connect
) -> None:
    server.costs = [Billed(date(2026, 11, 18), 1, "proj_001", "gpt, input", "key_deleted")]
    assert Name("api_key", "key_deleted", "", "proj_001") in list(connect(server).fetch(DAYS))


def test_of_very_many_projects_the_keys_that_spent_most_are_named_first(
    server: FakeOpenAI, connect: Connect
) -> None:
    day = date(2026, 11, 18)
    server.costs = [
        Billed(day, n + 1, f"proj_{n:04}", "gpt, input", f"key_{n}")
        for n in range(MOST_KEY_LISTINGS + 3)
    ]
    list(connect(server).fetch(DAYS))
    asked = {
        r.path.split("/")[4] for r in server.requests_to("/v1/organization/projects/*/api_keys")
    }
    assert asked == {f"proj_{n:04}" for n in range(3, MOST_KEY_LISTINGS + 3)}
