"""Where the admin key may be sent."""

from __future__ import annotations

import pytest

from bot.errors import ConfigError
from bot.sources.address import checked_base_url, checked_proxy


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
        ("", "must be an https:// address"),
        ("api.openai.com/v1", "must be an https:// address"),
        ("file:///etc/passwd", "must be an https:// address"),
        ("https://", "must be an https:// address"),
        ("http://api.openai.com/v1", "sends the admin key unencrypted to api.openai.com"),
        ("http://10.0.0.5/v1", "sends the admin key unencrypted to 10.0.0.5"),
        ("http://localhost.example/v1", "sends the admin key unencrypted"),
        ("http://127.0.0.1.example/v1", "sends the admin key unencrypted"),
        ("https://user:pass@api.openai.com/v1", "must be a plain address"),
        ("https://api.openai.com@evil.example/v1", "must be a plain address"),
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
    ],
)
def test_every_other_address_is_refused(text: str, wrong: str) -> None:
    with pytest.raises(ConfigError, match=wrong) as caught:
        checked_base_url(text)
    assert "pass@" not in str(caught.value)


def test_a_proxy_is_an_address_or_nothing() -> None:
    assert checked_proxy("http://user:pw@proxy.example:3128") == "http://user:pw@proxy.example:3128"
    assert checked_proxy("") is None
    with pytest.raises(ConfigError) as caught:
        checked_proxy("user:s3cret@proxy")
    assert "s3cret" not in str(caught.value)
