"""`models.toml`: providers and models that need no code.

The user's file may add providers under new names, and add or correct models of those there are. A workspace's file may
come from a download: it adds providers under new names, each with a key of its own, and touches nothing else.
"""

from __future__ import annotations

import difflib
import re
import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..domain.base_url import read_base_url
from ..errors import UserError
from .base import RemoteAdapter
from .cards import ProviderFacts, load_data, read_facts

if TYPE_CHECKING:
    from .registry import Registry

LARGEST_BYTES, LONGEST_LINE = 200_000, 2_000
"""What is read at most: a key of 50,000 dots keeps the standard library's parser busy for a minute."""

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_FACTS = frozenset({"title", "billing_url", "source", "read_on", "defaults", "model", "chat"})
_NEW = frozenset({"protocol", "base_url", "key_variable"})
_OF_THE_ACCOUNT = frozenset({"title", "billing_url", "chat", "retired"})
"""What another provider of the same protocol does not share."""
_NOT_OF_WORKSPACES = frozenset({"billing_url", "chat"})


def key_variable_of(name: str) -> str:
    """Returns the environment variable of a provider of `models.toml`: `PHOTOGRAM_KEY_<NAME>`."""
    return f"PHOTOGRAM_KEY_{name.upper().replace('-', '_')}"


def add_models(registry: Registry, path: Path, *, of_workspace: bool) -> None:
    """Adds what a `models.toml` states; what is wrong in it is kept in `registry.problems`, and the rest goes on.

    Args:
        registry: What there is so far; a workspace's file is read after the user's.
        path: The file; nothing happens where there is none.
        of_workspace: Whether it is a workspace's, not the user's.
    """
    text = _read(registry, path)
    if text is None:
        return
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:  # its words name the line
        registry.problems.append(f"{path} is not TOML: {error}")
        return
    except RecursionError:
        registry.problems.append(f"{path} is nested too deeply.")
        return
    file = _File(registry, path, text, of_workspace)
    sections = data.pop("providers", {})
    if data:
        file.note(f"it knows [providers.<name>] only, not {', '.join(sorted(data))}")
    if not isinstance(sections, Mapping):
        file.note("providers is not a table")
        return
    protocols = {
        one.name: type(one) for one in registry.providers() if isinstance(one, RemoteAdapter) and not one.of_workspace
    }
    taken = frozenset(one.name for one in registry.providers())
    for name, section in sections.items():
        try:
            file.add(name, section, protocols, taken)
        except _Fault as fault:
            file.note(str(fault), name, fault.model)
        except RecursionError:
            file.note("is nested too deeply", name)


def _read(registry: Registry, path: Path) -> str | None:
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode) or status.st_size > LARGEST_BYTES:
            registry.problems.append(f"{path} is not a file of at most {LARGEST_BYTES // 1000} kB.")
            return None
        text = path.read_text("utf-8")
        for number, line in enumerate(text.splitlines(), 1):
            if len(line) > LONGEST_LINE:
                registry.problems.append(f"{path}, line {number}: it has more than {LONGEST_LINE:,} characters.")
                return None
        return text
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        registry.problems.append(f"{path} cannot be read: {error}")
        return None


class _Fault(Exception):  # noqa: N818  (what is wrong in one section; never leaves this file)
    def __init__(self, what: str, model: str = "") -> None:
        self.model = model
        super().__init__(what)


class _File:
    """One `models.toml` while it is read."""

    def __init__(self, registry: Registry, path: Path, text: str, of_workspace: bool) -> None:
        self._registry, self._path, self._lines, self._strict = registry, path, text.splitlines(), of_workspace
        self._origin = "this workspace's models.toml" if of_workspace else "your models.toml"

    def note(self, what: str, name: str = "", model: str = "") -> None:
        """Keeps a problem, with the line it is about."""
        line = self._line_of(name, model)
        place = f"{self._path}, line {line}" if line else str(self._path)
        self._registry.problems.append(f"{place}: {f'[providers.{name}] ' if name else ''}{what}")

    def add(self, name: str, section: Any, protocols: Mapping[str, type[RemoteAdapter]], taken: frozenset[str]) -> None:
        """Adds one `[providers.<name>]`."""
        if not isinstance(section, Mapping):
            raise _Fault("is not a table")
        known = _FACTS | _NEW
        if unknown := sorted(section.keys() - known):
            raise _Fault(f"has no {', '.join(unknown)}; it has {', '.join(sorted(known))}")
        facts = {key: value for key, value in section.items() if key in _FACTS}
        self._check_facts(facts)
        if name in taken:
            self._correct(name, section, facts)
        else:
            self._make(name, section, facts, protocols)

    def _correct(self, name: str, section: Mapping[str, Any], facts: Mapping[str, Any]) -> None:
        """Adds to, or corrects, the models of a provider that is there."""
        if self._strict:
            raise _Fault("is there already, and a workspace's file only adds new ones; give it another name")
        if moved := sorted(_NEW & section.keys()):
            raise _Fault(
                f"is there already, so it has no {', '.join(moved)} here. Its address is set in config.toml "
                f"([providers.{name}] base_url), its key by `photogram keys set {name}`"
            )
        provider = self._registry.provider(name)
        base = load_data(name)
        if not isinstance(provider, RemoteAdapter) or base is None:
            raise _Fault("keeps its models in code; they cannot be changed here")
        ids = [str(entry.get("id", "")) for entry in facts.get("model", ())]
        self._registry.add(provider.with_facts(self._facts(facts, name, base, keep=True)))
        self._registry.note_origin(self._origin, *(f"{name}:{model}" for model in ids))

    def _make(
        self, name: str, section: Mapping[str, Any], facts: Mapping[str, Any],
        protocols: Mapping[str, type[RemoteAdapter]],
    ) -> None:  # fmt: skip
        """Adds a provider under a new name."""
        if not _NAME.fullmatch(name) or len(name) > 40:
            raise _Fault("is no name: small letters, digits and single dashes, at most 40")
        if not {"protocol", "base_url"} <= section.keys():
            near = difflib.get_close_matches(name, [one.name for one in self._registry.providers()], n=1)
            hint = f" Did you mean {near[0]}?" if near and not self._strict else ""
            raise _Fault(f"is new, so it needs a protocol and a base_url.{hint}")
        made_by = protocols.get(section["protocol"]) if isinstance(section["protocol"], str) else None
        if made_by is None:
            raise _Fault(f"has a protocol that there is not; there are {', '.join(sorted(protocols))}")
        try:
            base_url = read_base_url(section["base_url"], "base_url")
        except UserError as error:
            raise _Fault(f"{error.message} {error.next_step}") from error
        variable = section.get("key_variable")
        if variable is not None and not (isinstance(variable, str) and re.fullmatch(r"[A-Za-z_]\w*", variable)):
            raise _Fault("has a key_variable that is no name of an environment variable")
        if self._strict and variable not in (None, key_variable_of(name)):
            raise _Fault(f"is a workspace's, so its key_variable can only be {key_variable_of(name)}")
        stated = load_data(section["protocol"]) or {}
        base = {key: value for key, value in stated.items() if key not in _OF_THE_ACCOUNT}
        facts = {"title": name, **facts}
        try:
            adapter = made_by(
                name=name, base_url=base_url, key_variables=(variable or key_variable_of(name),),
                key_required=variable is not None, of_workspace=self._strict,
                facts=self._facts(facts, name, base, keep="model" not in facts),
            )  # fmt: skip
        except TypeError as error:
            raise _Fault(f"names a protocol that is spoken in one place only ({section['protocol']})") from error
        self._registry.add(adapter)
        self._registry.note_origin(self._origin, *(card.address for card in adapter.cards()))

    @staticmethod
    def _facts(facts: Mapping[str, Any], name: str, base: Mapping[str, Any], *, keep: bool) -> ProviderFacts:
        try:
            return read_facts(facts, name, base=base, keep=keep)
        except UserError as error:
            problems = getattr(error, "problems", (str(error),))
            raise _Fault("; ".join(problems), problems[0].partition(":")[0]) from error

    def _check_facts(self, facts: Mapping[str, Any]) -> None:
        """Makes sure of the outer shape; what is in a model is checked as it is read."""
        if self._strict and (banned := sorted(_NOT_OF_WORKSPACES & facts.keys())):
            raise _Fault(f"has {', '.join(banned)}, which a workspace's file cannot state")
        models = facts.get("model", [])
        if not isinstance(models, list) or not all(isinstance(entry, Mapping) for entry in models):
            raise _Fault("has a model that is no [[providers.<name>.model]]")
        if not isinstance(facts.get("defaults", {}), Mapping):
            raise _Fault("has defaults that are no table")
        for entry in (facts.get("defaults", {}), *models):
            model = str(entry.get("id", ""))
            if "local" in entry:
                raise _Fault(f"{model or 'defaults'}: local is not for models.toml", model)
            if isinstance(entry.get("wire"), Mapping):
                self._settle_workflow(entry, model)

    def _settle_workflow(self, entry: Any, model: str) -> None:
        """Writes the file of a workflow as a whole path; a workspace's may not lead out of the workspace."""
        named = entry["wire"].get("workflow")
        if not isinstance(named, str):
            return
        try:
            folder = self._path.parent.resolve()
            file = (folder / named).resolve() if self._strict else folder / Path(named).expanduser()
            if self._strict and not file.is_relative_to(folder):
                raise _Fault(f"{model or 'defaults'}: its workflow is not in the workspace", model)
        except (OSError, ValueError, RuntimeError) as error:
            raise _Fault(f"{model or 'defaults'}: its workflow is no path", model) from error
        entry["wire"]["workflow"] = str(file)

    def _line_of(self, name: str, model: str) -> int | None:
        """Returns the line on which a model, or else its provider, stands; None where that is not found."""
        quoted = f"""(?:{re.escape(name)}|"{re.escape(name)}"|'{re.escape(name)}')"""
        header = re.compile(rf"\s*\[+\s*providers\s*\.\s*{quoted}\s*[\].]")
        begin = next((at for at, line in enumerate(self._lines) if name and header.match(line)), None)
        if begin is None:
            return None
        stated = re.compile(rf"""\s*id\s*=\s*["']{re.escape(model)}["']""")
        found = next((at for at, line in enumerate(self._lines) if at > begin and model and stated.match(line)), begin)
        return found + 1
