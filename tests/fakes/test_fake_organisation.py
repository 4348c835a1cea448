"""Ids become names, and the made organisation is what it seems."""

from __future__ import annotations

import json
from decimal import Decimal

from tests.fakes import ApiKey, FakeOpenAI, Project, User, organisation
from tests.fakes.asking import (
    MON,
    NOW,
    SAT,
    SUN,
    YESTERDAY,
    ask,
)

# --- names


def test_projects_are_listed_by_page_and_archived_ones_on_demand(openai: FakeOpenAI) -> None:
    openai.projects += [Project(f"proj_{n}", f"Project {n}") for n in range(3)]
    openai.projects.append(Project("proj_old", None, archived_at=1780000000))
    first = ask(openai, "projects", limit=2).json()
    assert (first["first_id"], first["last_id"], first["has_more"]) == ("proj_0", "proj_1", True)
    second = ask(openai, "projects", limit=2, after=first["last_id"]).json()
    assert [item["id"] for item in second["data"]] == ["proj_2"]
    assert second["has_more"] is False
    everything = ask(openai, "projects", include_archived="true").json()["data"]
    assert (everything[-1]["name"], everything[-1]["status"]) == (None, "archived")
    assert ask(openai, "projects", limit=101).status_code == 400
    assert ask(openai, "projects/proj_1").json()["name"] == "Project 1"


def test_an_empty_listing_has_null_ids(openai: FakeOpenAI) -> None:
    body = ask(openai, "users").json()
    assert body == {
        "object": "list",
        "data": [],
        "first_id": None,
        "last_id": None,
        "has_more": False,
    }


def test_keys_of_owners_without_access_are_shown_only_when_any_is_asked(openai: FakeOpenAI) -> None:
    openai.projects.append(Project("proj_a", "A"))
    openai.api_keys["proj_a"] = [ApiKey("key_1", "one"), ApiKey("key_2", "two", "inactive")]
    path = "projects/proj_a/api_keys"
    assert [key["id"] for key in ask(openai, path).json()["data"]] == ["key_1"]
    shown = ask(openai, path, owner_project_access="any").json()["data"]
    assert [key["name"] for key in shown] == ["one", "two"]
    assert ask(openai, "projects/proj_b/api_keys").status_code == 404


def test_users_can_be_found_by_email(openai: FakeOpenAI) -> None:
    openai.users += [User("user_1", "Ada", "ada@example.com"), User("user_2", "Bob", "b@x.org")]
    assert [u["id"] for u in ask(openai, "users", emails="b@x.org").json()["data"]] == ["user_2"]


# --- the made organisation


def test_an_organisation_is_the_same_for_the_same_seed_and_serves_what_it_holds() -> None:
    made = organisation(MON, days=5, projects=3, seed=7)
    assert made == organisation(MON, days=5, projects=3, seed=7)
    assert made.costs[-8 * 3 :] == organisation(MON, days=1, projects=3, seed=7).costs
    assert made.costs != organisation(MON, days=5, projects=3, seed=8).costs
    thursday, friday = ([r.amount for r in made.costs if r.day.day == day] for day in (19, 20))
    assert len({round(a / b, 2) for a, b in zip(thursday, friday, strict=True)}) > 5
    with FakeOpenAI(**made._asdict(), now=NOW) as server:
        body = ask(server, "costs", **YESTERDAY).text
    value = json.loads(body, parse_float=Decimal)["data"][0]["results"][0]["amount"]["value"]
    assert value == made.spend(SUN)


def test_a_spike_and_a_breach_can_be_planted() -> None:
    made = organisation(MON, days=2, projects=2)
    before = made.spend(SUN, "proj_001")
    made.plant_spike(SUN, "proj_001", factor=3)
    assert made.spend(SUN, "proj_001") == before * 3
    made.plant_breach(SUN, "250.01", "proj_002")
    assert made.spend(SUN, "proj_002") == Decimal("250.01")
    assert made.spend(SAT) == organisation(MON, days=2, projects=2).spend(SAT)
