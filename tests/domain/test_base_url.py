from __future__ import annotations

import pytest

from photogram.domain.base_url import read_base_url
from photogram.errors import BadSettings


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("https://gateway.example/openai/v1/", "https://gateway.example/openai/v1"),
        (" http://127.0.0.1:8188 ", "http://127.0.0.1:8188"),
        ("http://[::1]:8000/", "http://[::1]:8000"),
        ("HTTPS://Studio.LAN:7860", "HTTPS://Studio.LAN:7860"),
    ],
)
def test_plain_address_is_taken_without_its_slash(text, read):
    assert read_base_url(text, "X") == read


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "http"), ("localhost:8188", "http"), ("ftp://a.example", "http"), ("//a.example", "http"),
        ("https://", "no host"), ("https:///v1", "no host"), ("https://.", "no host"),
        ("https://me:hunter2@a.example", "password"), ("https://me@a.example", "user name"),
        ("https://a.example/?key=hunter2", "query"), ("https://a.example/?", "query"),
        ("https://a.example/#hunter2", "fragment"), ("https://a.example:99999", "is none"),
        ("https://a.example:x", "is none"), ("https://[::1", "is none"), ("https://a b.example", "space"),
        ("https://a.example\\@b.example", "character"), ("https://a.exa\nmple", "space"), (7, "is a int"),
        (None, "is a NoneType"),
    ],
)  # fmt: skip
def test_anything_else_is_refused_by_the_name_of_its_place_and_never_repeated(text, said):
    with pytest.raises(BadSettings, match=said) as caught:
        read_base_url(text, "ACME_BASE_URL")
    assert "ACME_BASE_URL" in caught.value.message
    assert "hunter2" not in str(caught.value)
