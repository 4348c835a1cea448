"""OpenAI's organization API for tests: costs, ten kinds of usage, projects, keys, users.

Rows are plain lists, read anew at each request: change them between runs to restate or delete a
day, or name a day in `hidden_days` to serve it empty until later. Days after `now` do not exist
yet; for today, rows are what has accrued so far. Behaviour follows the OpenAI API reference
(https://platform.openai.com/docs/api-reference/usage) and what its users report; see also
`openai_query` for what is refused.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from tests.fakes.http import FakeServer, Reply, Request
from tests.fakes.openai_listing import KeyListing, key_json, last, listing, project_json, user_json
from tests.fakes.openai_pages import (
    Breach,
    broken,
    bucket,
    by_day,
    cost_results,
    day,
    page,
    spans,
    usage_results,
)
from tests.fakes.openai_query import ApiError, Query, read_query
from tests.fakes.openai_rows import KINDS, ApiKey, CostRow, Project, UsageRow, User, dumps

USAGE_SCOPE, MANAGEMENT_SCOPE = "api.usage.read", "api.management.read"
ROOT = "/v1/organization"


class FakeOpenAI(FakeServer):
    """The organization API under `base_url`.

    `missing_scopes` takes scopes away from the admin key; `project_key_status` (401 or 403, both
    are reported) is what an `sk-proj-` key gets; `extras` off leaves out undocumented fields.
    """

    def __init__(
        self,
        costs: Iterable[CostRow] = (),
        usage: Mapping[str, Iterable[UsageRow]] | None = None,
        projects: Iterable[Project] = (),
        api_keys: Mapping[str, Iterable[ApiKey]] | None = None,
        users: Iterable[User] = (),
        *,
        now: datetime | None = None,
        admin_key: str = "sk-admin-test",
        port: int = 0,
    ) -> None:
        super().__init__(port=port, now=now)
        self.costs = list(costs)
        self.usage = {kind: list((usage or {}).get(kind, ())) for kind in KINDS}
        self.projects = list(projects)
        self.api_keys = {project: list(keys) for project, keys in (api_keys or {}).items()}
        self.users = list(users)
        self.admin_key = admin_key
        self.hidden_days: set[date] = set()
        self.missing_scopes: set[str] = set()
        self.project_key_status = 403
        self.extras = True
        self._breaches: dict[int, Breach] = {}
        if unknown := set(usage or ()) - set(KINDS):
            raise ValueError(f"no usage endpoint is called {sorted(unknown)}")

    @property
    def base_url(self) -> str:
        """What a client is configured with: `http://127.0.0.1:<port>/v1`."""
        return f"{self.url}/v1"

    @property
    def expected_token(self) -> str:
        return self.admin_key

    def break_page(self, number: int, how: Breach) -> None:
        """Break page `number` (from 1) of every costs or usage query; `endless`: all from it on."""
        self._breaches[number] = how

    def mend_pages(self) -> None:
        """Undo `break_page`."""
        self._breaches.clear()

    def headers(self) -> dict[str, str]:
        return {"x-request-id": f"req_{uuid.uuid4().hex}", "openai-organization": "org-fake"}

    def error_body(self, status: int) -> bytes:
        message, kind, code = _FAULTS.get(status, _SERVER_ERROR)
        error = {"message": message, "type": kind, "param": None, "code": code}
        return dumps({"error": error})

    def reply_to(self, request: Request, token: str | None) -> Reply:
        try:
            return Reply(200, dumps(self._answer(request, token)))
        except ApiError as error:
            return Reply(error.status, dumps(error.body))

    def _answer(self, request: Request, token: str | None) -> dict[str, Any]:
        if request.method != "GET":
            message = f"Not allowed to {request.method} on {request.path} (HINT: Perhaps you meant "
            raise ApiError(405, message + "to use a different HTTP method?)")
        self._let_in(request, token)
        path = request.path.removeprefix(ROOT)
        if path == "/costs":
            return self._buckets(read_query(request, None, self._now()))
        if path.startswith("/usage/") and path.removeprefix("/usage/") in KINDS:
            return self._buckets(read_query(request, path.removeprefix("/usage/"), self._now()))
        return self._names(request, path)

    def _let_in(self, request: Request, token: str | None) -> None:
        if token is None:
            raise ApiError(401, _NO_KEY)
        scope = _scope_of(request.path)
        if token != self.admin_key and token.startswith("sk-proj-"):
            raise ApiError(self.project_key_status, _MISSING_SCOPE.format(scope))
        if token != self.admin_key:
            raise ApiError(401, _WRONG_KEY.format(_redacted(token)), code="invalid_api_key")
        if scope in self.missing_scopes:
            raise ApiError(403, _MISSING_SCOPE.format(scope), code="missing_scope")

    def _buckets(self, query: Query) -> dict[str, Any]:
        breach = self._breach(query.page + 1)
        buckets = spans(query)
        number = query.page
        if breach == "endless":  # there is always one more, with what the last one held
            number = min(number, max(0, len(buckets) - 1) // query.limit)
        chosen = buckets[number * query.limit : (number + 1) * query.limit]
        results = self._cost_pages if query.kind is None else self._usage_pages
        data = [] if not chosen else results(query, chosen)
        envelope = page(query, buckets, data)
        return broken(envelope, query, breach) if breach else envelope

    def _breach(self, number: int) -> Breach | None:
        endless = [n for n, how in self._breaches.items() if how == "endless" and n <= number]
        return "endless" if endless else self._breaches.get(number)

    def _cost_pages(self, query: Query, chosen: list[Any]) -> list[dict[str, Any]]:
        rows = by_day(self.costs, self.hidden_days, day(chosen[0]), day(chosen[-1]))
        return [
            bucket(
                span,
                cost_results(rows.get(day(span), ()), query, extras=self.extras),
                extras=self.extras,
            )
            for span in chosen
        ]

    def _usage_pages(self, query: Query, chosen: list[Any]) -> list[dict[str, Any]]:
        kind_rows = self.usage[query.kind or ""]
        rows = by_day(kind_rows, self.hidden_days, day(chosen[0]), day(chosen[-1]))
        now = self._now()
        return [
            bucket(
                span,
                usage_results(rows.get(day(span), ()), query, span, now),
                extras=self.extras,
            )
            for span in chosen
        ]

    def _names(self, request: Request, path: str) -> dict[str, Any]:
        if path == "/users":
            return listing(request, [user_json(user) for user in self._people(request)])
        if path == "/projects":
            archived = last(request, "include_archived") == "true"
            shown = [p for p in self.projects if archived or p.archived_at is None]
            return listing(request, [project_json(project) for project in shown])
        if found := re.fullmatch(r"/projects/([^/]+)", path):
            return project_json(self._project(found[1]))
        if found := re.fullmatch(r"/projects/([^/]+)/api_keys", path):
            keys = self.api_keys.get(self._project(found[1]).id, [])
            visible = KeyListing.of(request).visible(keys)
            return listing(request, [key_json(key) for key in visible])
        raise ApiError(404, f"Invalid URL ({request.method} {request.path})")

    def _people(self, request: Request) -> list[User]:
        emails = {*request.params("emails"), *request.params("emails[]")}
        return [user for user in self.users if not emails or user.email in emails]

    def _project(self, project_id: str) -> Project:
        for project in self.projects:
            if project.id == project_id:
                return project
        raise ApiError(404, f"No such project: '{project_id}'.")  # wording is ours

    def _now(self) -> int:
        return int(self.instant().timestamp())


def _scope_of(path: str) -> str:
    billing = path == f"{ROOT}/costs" or path.startswith(f"{ROOT}/usage/")
    return USAGE_SCOPE if billing else MANAGEMENT_SCOPE


def _redacted(token: str) -> str:
    return f"{token[:8]}{'*' * 8}{token[-4:]}"


_NO_KEY = (
    "You didn't provide an API key. You need to provide your API key in an Authorization header "
    "using Bearer auth (i.e. Authorization: Bearer YOUR_KEY)."
)
_WRONG_KEY = (
    "Incorrect API key provided: {}. You can find your API key at "
    "https://platform.openai.com/account/api-keys."
)
_MISSING_SCOPE = (
    "You have insufficient permissions for this operation. Missing scopes: {}. Check that you have "
    "the correct role in your organization (Reader, Writer, Owner) and project (Member, Owner), "
    "and if you're using a restricted API key, that it has the necessary scopes."
)
_SERVER_ERROR = ("The server had an error while processing your request.", "server_error", None)
_FAULTS: Mapping[int, tuple[str, str, str | None]] = {
    429: ("Rate limit reached for requests.", "requests", "rate_limit_exceeded"),
}
