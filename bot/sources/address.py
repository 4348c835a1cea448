"""Which addresses the admin key may be sent to: https anywhere sane, http to this machine only."""

from __future__ import annotations

import ipaddress
import socket
from urllib.parse import SplitResult, urlsplit

from bot.errors import ConfigError

_METADATA_HOSTS = frozenset({"metadata", "metadata.google.internal", "instance-data"})
# Alibaba's and AWS's IPv6 metadata services lie outside the link-local ranges.
_METADATA_ADDRESSES = frozenset({"100.100.100.200", "fd00:ec2::254"})

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def checked_base_url(text: str) -> str:
    """The base URL without a trailing slash, if the key may be sent there; else ConfigError."""
    parts = _split(text)
    host = parts.hostname or ""
    if parts.scheme not in {"https", "http"} or not host:
        raise ConfigError(
            "source.base_url must be an https:// address",
            hint="The default is https://api.openai.com/v1",
        )
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ConfigError(
            "source.base_url must be a plain address, without user, password, `?` or `#`"
        )
    address = _address(host)
    if _is_metadata(host, address):
        raise ConfigError(f"source.base_url points at a link-local or metadata address: {host}")
    if parts.scheme == "http" and not _is_loopback(host, address):
        raise ConfigError(
            f"source.base_url sends the admin key unencrypted to {host}",
            hint="Use https://. Plain http:// is accepted for 127.0.0.1, ::1 and localhost only.",
        )
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port of a URL: what a key is bound to."""
    parts = urlsplit(url)
    usual = 443 if parts.scheme == "https" else 80
    return parts.scheme, parts.hostname or "", parts.port or usual


def checked_proxy(text: str | None) -> str | None:
    """A proxy's URL, if it is one; its address may hold a password, so no error shows it."""
    if not text:
        return None
    try:
        parts = urlsplit(text)
        sound = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        sound = False
    if not sound:
        raise ConfigError("source.proxy must be an address such as http://proxy.example:3128")
    return text


def _split(text: str) -> SplitResult:
    try:
        parts = urlsplit(text.strip())
        _ = parts.port
    except ValueError:
        raise ConfigError("source.base_url is not a valid address") from None
    if any(ord(character) <= 0x20 or character == "\\" for character in text.strip()):
        raise ConfigError("source.base_url is not a valid address")
    return parts


def _address(host: str) -> Address | None:
    """The IP address a host is written as, also in the odd forms that resolvers take (`0x7f.1`)."""
    try:
        found: Address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return _odd_address(host)
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return mapped or found


def _odd_address(host: str) -> Address | None:
    if not host[:1].isdigit():
        return None
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host))
    except OSError:
        return None


def _is_metadata(host: str, address: Address | None) -> bool:
    if address is None:
        return host.rstrip(".").lower() in _METADATA_HOSTS
    special = address.is_link_local or address.is_unspecified or address.is_multicast
    return special or str(address) in _METADATA_ADDRESSES


def _is_loopback(host: str, address: Address | None) -> bool:
    return address.is_loopback if address is not None else host.lower() == "localhost"
