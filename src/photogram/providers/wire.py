"""What goes over the wire, as plain values: adapters build requests and read answers, the engine sends them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit, urlunsplit

import orjson

from ..domain.secret import Secret
from ..domain.task import RemoteHandle
from ..errors import BadResponse


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Where a provider is and how to be let in.

    Attributes:
        base_url: Address without a trailing slash.
        key: The key, or None for a provider that needs none.
        own_hosts: Further hosts of the provider (and their subdomains) that may be shown the key.
        moved_from: The provider's built-in address, where `base_url` was set to another: a proxy, a gateway, a test.
    """

    base_url: str
    key: Secret | None = None
    own_hosts: tuple[str, ...] = ()
    moved_from: str | None = None

    def owns(self, url: str) -> bool:
        """Tells whether a URL is the provider's own, so that a key may go there.

        Raises:
            ValueError: It is none.
        """
        asked = _read_origin(url)
        if asked == _read_origin(self.base_url):
            return True
        return self.moved_from is None and asked.scheme == "https" and self._is_own_host(asked.host)

    def route(self, url: str) -> str:
        """Returns the URL to ask instead of one on the provider's own hosts, where the provider's address was moved.

        The part of the path that was the built-in address's becomes the new one's; whatever else the provider names on
        its hosts stands below the new address in the same way, if that ends like the built-in one (`/gateway/v1` for
        `/v1`), or else keeps its path.

        Raises:
            ValueError: It is none, or its path climbs.
        """
        if not self.moved_from:
            return url
        asked_at = _read_origin(url)
        if asked_at.host != _read_origin(self.moved_from).host and not self._is_own_host(asked_at.host):
            return url
        home, asked, base = urlsplit(self.moved_from), urlsplit(url), urlsplit(self.base_url)
        if ".." in unquote(asked.path).replace("\\", "/").split("/"):
            raise ValueError("the path climbs")  # out of the part of a gateway that stands for the provider
        if asked.path == home.path or asked.path.startswith(f"{home.path}/"):
            path = base.path + asked.path[len(home.path) :]
        else:
            path = base.path.removesuffix(home.path) + asked.path if base.path.endswith(home.path) else asked.path
        return urlunsplit((base.scheme, base.netloc, path, asked.query, asked.fragment))

    def _is_own_host(self, host: str) -> bool:
        return any(host == own or host.endswith(f".{own}") for own in self.own_hosts)


MAX_PARTS = 1_000_000
"""Commas and brackets of the JSON that is read, about: as many parts of an object take 60 MB, and 64 MB of `[],` 2 GB.
Images are long texts without any of these."""

_LARGE_BYTES = 2_000_000
"""From this size on they are counted."""


class _Origin(NamedTuple):
    scheme: str
    host: str
    port: int | None


def _read_origin(url: str) -> _Origin:
    """Returns scheme, host and port, so that two ways to write one origin are equal.

    Raises:
        ValueError: It is no URL.
    """
    parts = urlsplit(url)
    port = parts.port if parts.port is not None else {"http": 80, "https": 443}.get(parts.scheme)
    return _Origin(parts.scheme, (parts.hostname or "").removesuffix("."), port)


@dataclass(frozen=True, slots=True, kw_only=True)
class WireRequest:
    """One HTTP request, not yet sent.

    Attributes:
        method: GET, POST, PUT or DELETE.
        url: Absolute URL.
        headers: Plain headers; a `Secret` value is revealed by the sender, and only to the provider's own hosts.
        json_body: Body to send as JSON, or None.
        content: Raw body, or None.
        fields: Text fields of a multipart form, as (name, value).
        files: Files of a multipart form, as (name, (filename, bytes, mime)).
    """

    method: str
    url: str
    headers: Mapping[str, str | Secret] = field(default_factory=dict)
    json_body: Any = None
    content: bytes | None = field(default=None, repr=False)
    fields: tuple[tuple[str, str], ...] = ()
    files: tuple[tuple[str, tuple[str, bytes, str]], ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class WireAnswer:
    """One HTTP answer, read to its end.

    Attributes:
        status: HTTP status code.
        headers: Lower-case names.
        content: The body.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes = field(default=b"", repr=False)

    def json(self) -> Any:
        """Returns the body read as JSON.

        Raises:
            BadResponse: It is not JSON, nested too deeply, or has too many parts; the body's start is in `detail`.
        """
        if len(self.content) > _LARGE_BYTES and sum(map(self.content.count, (b",", b"[", b"{"))) > MAX_PARTS:
            raise BadResponse("The provider's answer has more parts than any has.", detail=self.excerpt())
        try:
            return orjson.loads(self.content)  # an image of 1 MB in 0.4 ms, where the standard library takes 1.9
        except ValueError:
            pass  # some servers write NaN, which is no JSON, and which the standard library reads
        try:
            return json.loads(self.content)
        except (ValueError, RecursionError) as error:
            raise BadResponse("The provider's answer is not JSON.", detail=self.excerpt()) from error

    def excerpt(self) -> str:
        """Returns the status and the start of the body, for an error's detail."""
        return f"HTTP {self.status}: {self.content[:2000].decode('utf-8', 'replace')}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitted:
    """The provider took the job and makes it later."""

    handle: RemoteHandle


@dataclass(frozen=True, slots=True, kw_only=True)
class Working:
    """Not done yet.

    Attributes:
        progress: 0–1, or None where the provider does not say.
        queue_position: Jobs before ours, or None.
    """

    progress: float | None = None
    queue_position: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Partial:
    """A glimpse of an image that is being streamed.

    Attributes:
        preview: The bytes of an unfinished image, or None.
        progress: 0–1, or None.
    """

    preview: bytes | None = field(default=None, repr=False)
    progress: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """The job is over, and its result is asked for by a request of its own (`build_fetch`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """The image is there: as bytes, or at a URL that will expire.

    Attributes:
        data: The bytes, where they came in the answer.
        url: Where to download them, else.
        seed: The seed that was used, where the provider says so.
        cost_micros: What it cost, in micro-dollars, where the provider says so or it follows from what it counted.
        cost_source: "reported" by the provider, or "computed" from its usage.
    """

    data: bytes | None = field(default=None, repr=False)
    url: str | None = None
    seed: int | None = None
    cost_micros: int | None = None
    cost_source: str = "reported"
