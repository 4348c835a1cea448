"""The listing endpoints that turn ids into names: `limit`, `after`, `has_more`."""

from __future__ import annotations

from typing import Any, NamedTuple

from tests.fakes.http import Request
from tests.fakes.openai_query import refuse
from tests.fakes.openai_rows import ApiKey, Project, User

ACCESS = ("active", "inactive", "any")


class KeyListing(NamedTuple):
    """Which keys `owner_project_access` asks for; without it some enabled keys are left out."""

    access: str | None

    @classmethod
    def of(cls, request: Request) -> KeyListing:
        """Read from the query; refuses an unknown value."""
        access = last(request, "owner_project_access")
        if access not in {None, *ACCESS}:
            message = f"Invalid value: '{access}'. Supported values are: {ACCESS}."
            refuse(message, param="owner_project_access", code="invalid_value")
        return cls(access)

    def visible(self, keys: list[ApiKey]) -> list[ApiKey]:
        """The keys shown."""
        wanted = self.access or "active"
        return [key for key in keys if wanted in {"any", key.owner_access}]


def listing(request: Request, items: list[dict[str, Any]]) -> dict[str, Any]:
    """One page of `items`: those behind the id `after`, at most `limit` (1-100, default 20)."""
    limit = _limit(request)
    after = last(request, "after")
    ids = [item["id"] for item in items]
    if after is not None and after not in ids:
        refuse(f"No object with id '{after}'.", param="after")  # wording is ours
    first = ids.index(after) + 1 if after is not None else 0
    shown = items[first : first + limit]
    return {
        "object": "list",
        "data": shown,
        "first_id": shown[0]["id"] if shown else None,
        "last_id": shown[-1]["id"] if shown else None,
        "has_more": first + limit < len(items),
    }


def last(request: Request, name: str) -> str | None:
    """The value of a parameter that is given at most once."""
    values = request.params(name)
    return values[-1] if values else None


def _limit(request: Request) -> int:
    text = last(request, "limit") or "20"
    if not text.isdecimal() or not 1 <= int(text) <= 100:
        message = f"Invalid limit provided: {text}. Limit must be between 1 and 100."
        refuse(message, param="limit", code="invalid_request_error")
    return int(text)


def project_json(project: Project) -> dict[str, Any]:
    """A project as listed."""
    return {
        "id": project.id,
        "object": "organization.project",
        "name": project.name,
        "created_at": project.created_at,
        "archived_at": project.archived_at,
        "status": "active" if project.archived_at is None else "archived",
        "external_key_id": None,
    }


def key_json(key: ApiKey) -> dict[str, Any]:
    """A project's API key as listed; the key itself is never shown."""
    owner = {"id": "user_fake", "name": "First Last", "email": "first.last@example.com"}
    role = {"role": "owner", "created_at": key.created_at}
    return {
        "object": "organization.project.api_key",
        "redacted_value": "sk-abc...def",
        "name": key.name,
        "created_at": key.created_at,
        "last_used_at": None,
        "id": key.id,
        "owner_project_access": key.owner_access,
        "owner": {"type": "user", "user": owner | role},
    }


def user_json(user: User) -> dict[str, Any]:
    """A person as listed."""
    return {"object": "organization.user"} | user._asdict()
