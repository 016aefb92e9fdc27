"""Who is let in where: an argument's key before a session's before the environment's before the keyring's.

The first two are held in this process's memory only. No row names them, so what an ended process left goes on with the
keys that the next one has.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from .. import config
from ..config import FoundKey
from ..domain.secret import Secret, mask
from ..errors import AuthFailed, BadSettings, ProviderError, Unreachable
from ..providers.base import RemoteAdapter
from ..providers.wire import Access
from .http import Http

CHECK_S = 20.0
"""Seconds that a provider has to say whether a key is right."""

Verdict = Literal["ok", "refused", "unreachable", "no check", "no key", "unclear"]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyCheck:
    """What a provider says of a key.

    Attributes:
        provider: Its short name.
        verdict: ok, refused, unreachable, no check (it has no request that tells and costs nothing), no key, or
            unclear (it answered something else).
        message: What it said, or "".
        source: Where the key comes from, or "".
    """

    provider: str
    verdict: Verdict
    message: str = ""
    source: str = ""


class KeyBook:
    """The keys that only this process knows, and the way to those that outlive it. Any thread.

    Attributes:
        on_set: Called with a provider's name when a session has got a key for it: some jobs may wait for one.
    """

    def __init__(self) -> None:
        self._of_batch: dict[str, tuple[str, Secret]] = {}
        self._of_session: dict[tuple[str, str], Secret] = {}
        self._refused: set[str] = set()
        self.on_set: Callable[[str], None] = lambda provider: None

    def lend(self, batch_id: str, provider: str, key: Secret) -> None:
        """Keeps the key that came as an argument, for the tasks of one batch."""
        self._of_batch[batch_id] = (provider, key)

    def take_back(self, batch_id: str) -> None:
        """Forgets the key of a batch that was not written."""
        self._of_batch.pop(batch_id, None)

    def set(self, user_id: str, provider: str, key: Secret) -> None:
        """Keeps a key for a user's session; it also takes the place of arguments that the provider turned away."""
        self._of_session[user_id, provider] = key
        for batch_id in [one for one in self._refused if self._of_batch.get(one, ("",))[0] == provider]:
            self._of_batch.pop(batch_id, None)
            self._refused.discard(batch_id)
        self.on_set(provider)

    def delete(self, user_id: str, provider: str) -> bool:
        """Forgets a session's key; returns whether there was one."""
        return self._of_session.pop((user_id, provider), None) is not None

    def note_refused(self, batch_id: str) -> None:
        """Remembers that a batch's own key was turned away."""
        if batch_id in self._of_batch:
            self._refused.add(batch_id)

    def find(
        self, adapter: RemoteAdapter, user_id: str, batch_id: str = "", *, keyring: bool = True, afresh: bool = False
    ) -> FoundKey | None:
        """Returns the key by which a user's task is let in, or None.

        Args:
            adapter: The provider.
            user_id: Whose task.
            batch_id: The batch, if it is one's.
            keyring: Whether the system's keyring is asked, too. That may block: not on the engine's loop.
            afresh: Whether the keyring is asked also where its answer is known.

        Raises:
            BadSettings: An environment variable holds what is no key.
        """
        provider, lent = self._of_batch.get(batch_id, ("", None))
        if lent and provider == adapter.name:
            return FoundKey(secret=lent, source="argument")
        if kept := self._of_session.get((user_id, adapter.name)):
            return FoundKey(secret=kept, source="session")
        keyring = keyring and not adapter.of_workspace
        return config.find_key(adapter.name, adapter.key_variables, keyring=keyring, afresh=afresh)

    def is_quick(self, adapter: RemoteAdapter, user_id: str, batch_id: str = "") -> bool:
        """Tells whether `find` need not ask the keyring, which may block."""
        known = adapter.of_workspace or not adapter.key_variables or config.is_asked(adapter.name)
        return known or self.find(adapter, user_id, batch_id, keyring=False) is not None

    def name(self, adapter: RemoteAdapter, user_id: str, batch_id: str) -> str:
        """Returns a name of the key by which a user's task would be let in now (see `name_key`), without blocking."""
        try:
            found = self.find(adapter, user_id, batch_id, keyring=config.is_asked(adapter.name))
        except BadSettings:
            return ""
        return name_key(found.secret if found else None)

    def access(self, adapter: RemoteAdapter, user_id: str, batch_id: str = "") -> Access:
        """Returns where a provider is and by which key a user's task is let in, as they are set now. It may block.

        Raises:
            BadSettings: The address or the key makes no sense, or nobody said where the provider is.
        """
        found = self.find(adapter, user_id, batch_id)
        return open_access(adapter, found.secret if found else None)

    def access_at_hand(self, adapter: RemoteAdapter, user_id: str, batch_id: str = "") -> Access | None:
        """Returns the same without ever blocking, or None where the key is missing or a setting makes no sense."""
        try:
            found = self.find(adapter, user_id, batch_id, keyring=config.is_asked(adapter.name))
            access = open_access(adapter, found.secret if found else None)
        except BadSettings:
            return None
        return None if access.key is None and adapter.key_variables and adapter.key_required else access

    def known(self, adapter: RemoteAdapter) -> list[Secret]:
        """Returns every key of a provider that is at hand, so that it can be masked."""
        lent = [key for provider, key in self._of_batch.values() if provider == adapter.name]
        kept = [key for (_, provider), key in self._of_session.items() if provider == adapter.name]
        return [*lent, *kept, *config.known_keys(adapter.name, adapter.key_variables)]

    def hide(self, adapter: RemoteAdapter, error: ProviderError) -> ProviderError:
        """Takes a provider's keys out of an error's words: a service may repeat what it was sent. Returns the error."""
        keys = self.known(adapter)
        error.message, error.next_step = mask(error.message, keys), mask(error.next_step, keys)
        error.detail = mask(error.detail, keys)
        error.args = tuple(mask(one, keys) if isinstance(one, str) else one for one in error.args)
        return error


def name_key(key: Secret | None) -> str:
    """Returns what tells a key from others and shows nothing of it; "" for none."""
    return hashlib.sha256(key.reveal().encode()).hexdigest()[:16] if key else ""


def open_access(adapter: RemoteAdapter, key: Secret | None) -> Access:
    """Returns where a provider is, as it is set now, with a key.

    Raises:
        BadSettings: The address makes no sense, or there is none.
    """
    base_url = config.base_url_of(adapter.name, adapter.base_url, adapter.base_url_variables)
    at_home = Access(base_url=adapter.base_url.rstrip("/"), key=key, own_hosts=adapter.own_hosts)
    if not at_home.base_url or at_home.owns(base_url):  # also one of the provider's other hosts, such as a region's
        return replace(at_home, base_url=base_url)
    return replace(at_home, base_url=base_url, moved_from=at_home.base_url)


def say_missing(adapter: RemoteAdapter) -> tuple[str, str]:
    """Returns the sentence that a provider's key is missing, and the one that names every way to give it."""
    name, (variable, *_) = adapter.name, adapter.key_variables
    keyring = "" if adapter.of_workspace else f", or run `photogram keys set {name}`"
    step = f"Set studio.keys[{name!r}] = … for this session or the environment variable {variable}{keyring}; "
    return f"{name} needs a key.", f"{step}generate(…, key=…) gives one for a single batch."


def try_key(adapter: RemoteAdapter) -> KeyCheck:
    """Asks a provider whether its key is right, where no engine runs. Blocks.

    Raises:
        BadSettings: The key or the address makes no sense.
    """
    book = KeyBook()
    found = book.find(adapter, "", afresh=True)
    access = open_access(adapter, found.secret if found else None)

    async def ask() -> KeyCheck:
        http = Http()
        try:
            return await check_key(adapter, access, http, book, found.source if found else "")
        finally:
            await http.close()

    return asyncio.run(ask())


async def check_key(adapter: RemoteAdapter, access: Access, http: Http, book: KeyBook, source: str = "") -> KeyCheck:
    """Asks a provider whether a key is right, with a request that costs nothing.

    Args:
        adapter: The provider.
        access: Where it is, and the key.
        http: What sends.
        book: The keys that are taken out of what the provider says.
        source: Where the key comes from, for the result.
    """
    request = adapter.build_key_check(access)

    def result(verdict: Verdict, message: str = "") -> KeyCheck:
        return KeyCheck(provider=adapter.name, verdict=verdict, message=message, source=source)

    if access.key is None and adapter.key_variables and adapter.key_required:
        return result("no key", " ".join(say_missing(adapter)))
    if request is None:
        return result("no check", f"{adapter.name} has no request that tells a right key and costs nothing.")
    try:
        answer = await http.send(adapter.name, request, access, read_timeout_s=CHECK_S, total_s=CHECK_S)
    except Unreachable as error:
        return result("unreachable", error.message)
    except ProviderError as error:
        return result("unclear", book.hide(adapter, error).message)
    if 200 <= answer.status < 300:
        return result("ok")
    said = book.hide(adapter, adapter.read_error(answer))
    return result("refused" if isinstance(said, AuthFailed) else "unclear", said.message)
