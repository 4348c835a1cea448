"""The address of OpenAI's API and that of a proxy, as the configuration gives them, checked."""

from __future__ import annotations

from bot.addresses import split, unsafe, unsafe_proxy
from bot.errors import ConfigError


def checked_base_url(text: str) -> str:
    """The base URL without a trailing slash, if the key may be sent there; else ConfigError."""
    if wrong := unsafe(text):
        hint = "The default is https://api.openai.com/v1"
        raise ConfigError(f"source.base_url {wrong}", hint=hint)
    parts = split(text)
    if parts is None or parts.query or parts.fragment:
        raise ConfigError("source.base_url must be a plain address, without `?` or `#`")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def checked_proxy(text: str | None) -> str | None:
    """A proxy's URL, if it is one; its address may hold a password, so no error shows it."""
    if text and (wrong := unsafe_proxy(text)):
        raise ConfigError(f"source.proxy {wrong}")
    return text or None
