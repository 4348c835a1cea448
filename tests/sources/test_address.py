"""Where the admin key may be sent."""

from __future__ import annotations

import pytest

from bot.errors import ConfigError
from bot.sources.address import checked_base_url, checked_proxy

_TLS = r"must be an https:// address \(http:// only to this machine\)"


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://api.openai.com/v1", "https://api.openai.com/v1"),
        ("https://api.openai.com/v1/", "https://api.openai.com/v1"),
        (" https://gateway.example:8443/openai ", "https://gateway.example:8443/openai"),
        ("https://10.0.0.5/v1", "https://10.0.0.5/v1"),
        ("http://127.0.0.1:8080/v1", "http://127.0.0.1:8080/v1"),
        ("http://127.8.9.1", "http://127.8.9.1"),
        ("http://[::1]:8080/v1", "http://[::1]:8080/v1"),
        ("http://localhost:8080/v1", "http://localhost:8080/v1"),
    ],
)
def test_https_anywhere_and_http_to_this_machine(text: str, url: str) -> None:
    assert checked_base_url(text) == url


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("", _TLS),
        ("api.openai.com/v1", _TLS),
        ("file:///etc/passwd", _TLS),
        ("https://", _TLS),
        ("http://api.openai.com/v1", _TLS),
        ("http://10.0.0.5/v1", _TLS),
        ("http://localhost.example/v1", _TLS),
        ("http://127.0.0.1.example/v1", _TLS),
        ("https://user:pass@api.openai.com/v1", "without user and password"),
        ("https://api.openai.com@evil.example/v1", "without user and password"),
        ("https://api.openai.com/v1?x=1", "must be a plain address"),
        ("https://api.openai.com/v1#x", "must be a plain address"),
        ("https://api.openai.com:port/v1", "not a valid address"),
        ("https://[::1/v1", "not a valid address"),
        ("https://api.openai.com\\@evil.example", "not a valid address"),
        ("https://api.openai\x00.com", "not a valid address"),
        ("https://169.254.169.254/v1", "link-local or metadata address"),
        ("http://169.254.169.254/v1", "link-local or metadata address"),
        ("https://2852039166/v1", "link-local or metadata address"),
        ("https://0xa9.0xfe.0xa9.0xfe/v1", "link-local or metadata address"),
        ("https://[fe80::1]/v1", "link-local or metadata address"),
        ("https://[::ffff:169.254.169.254]/v1", "link-local or metadata address"),
        ("https://[fd00:ec2::254]/v1", "link-local or metadata address"),
        ("https://0.0.0.0/v1", "link-local or metadata address"),
        ("https://metadata.google.internal/v1", "link-local or metadata address"),
        ("https://metadata.google.internal./v1", "link-local or metadata address"),
        ("https://169.254.169.254./v1", "link-local or metadata address"),
        ("https://0251.0376.0251.0376/v1", "link-local or metadata address"),
        ("https://169.16689662/v1", "link-local or metadata address"),
        ("https://[::ffff:a9fe:a9fe]/v1", "link-local or metadata address"),
        ("https://[64:ff9b::169.254.169.254]/v1", "link-local or metadata address"),
        ("https://[::169.254.169.254]/v1", "link-local or metadata address"),
        ("https://[2002:a9fe:a9fe::1]/v1", "link-local or metadata address"),
        ("https://[fe80::1%eth0]/v1", "link-local or metadata address"),
        ("https://[fd20:ce::254]/v1", "link-local or metadata address"),
        ("https://168.63.129.16/v1", "link-local or metadata address"),
        ("https://①⑥⑨.254.169.254/v1", "write its host in ASCII"),
        ("https://１６９．２５４．１６９．２５４/v1", "write its host in ASCII"),
        ("https://169。254。169。254/v1", "write its host in ASCII"),
        ("https://169%2e254%2e169%2e254/v1", "write its host in ASCII"),
        ("https://api.openaı.com/v1", "write its host in ASCII"),
        ("http://[2002:7f00:1::1]/v1", _TLS),
        ("http://[::127.0.0.1]/v1", _TLS),
        ("http://localhost@evil.example/v1", "without user and password"),
        ("https://api.openai.com\t.evil.example/v1", "not a valid address"),
        ("//api.openai.com/v1", _TLS),
        ("javascript:alert(1)", _TLS),
    ],
)
def test_every_other_address_is_refused(text: str, wrong: str) -> None:
    with pytest.raises(ConfigError, match=wrong) as caught:
        checked_base_url(text)
    assert len(text) < 9 or text not in caught.value.message
    assert "pass@" not in str(caught.value)


def test_a_proxy_is_an_address_or_nothing() -> None:
    assert checked_proxy("http://user:pw@proxy.example:3128") == "http://user:pw@proxy.example:3128"
    assert checked_proxy("") is None
    with pytest.raises(ConfigError) as caught:
        checked_proxy("user:s3cret@proxy")
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("host", ["169.254.169.254", "[fd00:ec2::254]", "metadata", "①.example"])
def test_a_proxy_is_no_metadata_service(host: str) -> None:
    with pytest.raises(ConfigError, match="must not be a link-local or metadata address"):
        checked_proxy(f"http://{host}:80")
