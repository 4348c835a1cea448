"""Who a token is in Slack and what it may do; asked by nothing that delivers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web import SlackResponse

from bot.delivery.base import Json
from bot.delivery.shapes import an_object
from bot.delivery.slack_api import SlackApi


class SlackAccount(SlackApi):
    """Slack's Web API, asked about the token. Every call that fails raises DeliveryError.

    `headers` are those of the last answer, names in lower case, whatever it was.
    """

    headers: Mapping[str, str] = {}

    def who(self) -> Json:
        """auth.test: team, user, ids; the scopes are in the header x-oauth-scopes."""
        return self._call(self._client.auth_test)

    def channel(self, channel_id: str) -> Json:
        """conversations.info: one channel by its id."""
        answer = self._call(self._client.conversations_info, channel=channel_id)
        return an_object(answer, "channel")

    def all_channels(self, types: str) -> Iterator[Json]:
        """conversations.list: channels of these types, archived ones too."""
        return self._pages(self._client.conversations_list, "channels", types=types, limit=999)

    def open_connection(self, app_token: str) -> str:
        """apps.connections.open: the address of a Socket Mode connection. It is a secret."""
        answer = self._call(self._client.apps_connections_open, app_token=app_token)
        return str(answer.get("url", ""))

    def _call(
        self, method: Callable[..., SlackResponse], where: str = "", /, **arguments: Any
    ) -> Json:
        def noted(**given: Any) -> SlackResponse:
            try:
                response = method(**given)
            except SlackApiError as error:
                self._note(error.response.headers)
                raise
            self._note(response.headers)
            return response

        return super()._call(noted, where, **arguments)

    def _note(self, headers: Mapping[str, str]) -> None:
        self.headers = {name.lower(): str(value) for name, value in headers.items()}
