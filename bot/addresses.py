"""Which addresses a secret may be sent to: https anywhere sane, http to this machine only.

Pure: no name is resolved. What a name leads to is proved by the server's certificate.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from urllib.parse import SplitResult, urlsplit

_METADATA_HOSTS = frozenset(
    {"metadata", "metadata.google.internal", "metadata.goog", "instance-data"}
    | {"instance-data.ec2.internal"}
)
# Metadata services outside the link-local ranges: of Alibaba, AWS, Azure, Google, Oracle, Scaleway.
_METADATA_ADDRESSES = frozenset(
    {"100.100.100.200", "fd00:ec2::254", "168.63.129.16", "fd20:ce::254", "192.0.0.192"}
    | {"fd00:42::42"}
)
# Only what a resolver takes as it stands: of a `①` or a `。` the library that connects makes `1`
# and `.`, and so another host than the one that was looked at.
_HOST = re.compile(r"[A-Za-z0-9._-]{1,253}|[0-9A-Fa-f:.]+(?:%[A-Za-z0-9._-]+)?")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_COMPATIBLE = ipaddress.IPv6Network("::/96")

_TLS = "must be an https:// address (http:// only to this machine)"

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def unsafe(url: str) -> str | None:
    """Why a secret must not go to this address, e.g. `is not a valid address`; None if it may.

    The words hold nothing of the address, which may itself be a secret.
    """
    parts = split(url)
    if parts is None:
        return "is not a valid address"
    if parts.scheme not in {"https", "http"} or not parts.hostname:
        return _TLS
    if "@" in parts.netloc:
        return "must be an address without user and password"
    return _unsafe_host(parts.hostname, parts.scheme)


def _unsafe_host(host: str, scheme: str) -> str | None:
    if not _HOST.fullmatch(host):
        return "is not a valid address: write its host in ASCII (`xn--...`)"
    if _is_metadata(host):
        return "points at a link-local or metadata address"
    return None if scheme == "https" or _is_loopback(host) else _TLS


def unsafe_proxy(url: str) -> str | None:
    """Why this is no address of a proxy; None if it is. The words hold nothing of it."""
    parts = split(url)
    host = parts.hostname if parts is not None else None
    if parts is None or parts.scheme not in {"http", "https"} or not host or parts.port == 0:
        return "must be an address such as http://proxy.example:3128"
    if not _HOST.fullmatch(host) or _is_metadata(host):
        return "must not be a link-local or metadata address, and its host is written in ASCII"
    return None


def split(url: str) -> SplitResult | None:
    """The parts of an address; None where readers may disagree what they are."""
    text = url.strip()
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return None
    if any(ord(character) <= 0x20 or character == "\\" for character in text):
        return None
    return parts


def origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port of a URL: what a key is bound to."""
    parts = urlsplit(url)
    usual = 443 if parts.scheme == "https" else 80
    return parts.scheme, parts.hostname or "", parts.port or usual


def _address(host: str) -> Address | None:
    """The IP address a host is written as, also in the odd forms that resolvers take (`0x7f.1`)."""
    try:
        found: Address = ipaddress.ip_address(host.partition("%")[0].rstrip("."))
    except ValueError:
        return _odd_address(host.rstrip("."))
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return mapped or found


def _reached(address: Address) -> Address:
    """The IPv4 address that a gateway for IPv6 would lead to, if the address is one for it."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64 or (address in _COMPATIBLE and int(address) > 1):
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.sixtofour or address


def _odd_address(host: str) -> Address | None:
    if not host[:1].isdigit():
        return None
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host))
    except OSError:
        return None


def _is_metadata(host: str) -> bool:
    address = _address(host)
    if address is None:
        return host.rstrip(".").lower() in _METADATA_HOSTS
    address = _reached(address)
    special = address.is_link_local or address.is_unspecified or address.is_multicast
    return special or str(address) in _METADATA_ADDRESSES


def _is_loopback(host: str) -> bool:
    address = _address(host)
    return address.is_loopback if address is not None else host.lower() == "localhost"
