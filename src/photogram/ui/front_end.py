"""The panel in the browser: its components, scripts and styles, put together as one ES module.

A widget's state is saved in a notebook by whoever runs it without looking (nbclient) or wishes so in JupyterLab, and
240 kB have no place there. So the state holds only what asks for that module (`view/opening.js`); the module itself
goes as a message, packed.

A component is a file of three parts: `<template>`, `<script>` (JavaScript that ends in one `export default {…}` and
imports nothing), `<style>`. ipyvue could compile such files in the browser, but does so with Vue's compiler for files,
0.8 MB that JupyterLab would have to load first, and imports two modules for each. Vue itself compiles a template when a
component is first drawn.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

from .texts import LANGUAGES, read_texts

HERE = Path(__file__).parent
ROOT = "pg-studio-panel"
PART = r"^<{0}>\n?(.*?)^</{0}>|^<{0}>(.*)</{0}>$"

MODULE = """\
if (!document.getElementById({version})) {{
  const style = document.createElement('style');
  style.id = {version};
  style.textContent = {style};
  document.head.append(style);
}}
const parts = {{
{parts}
}};
for (const part of Object.values(parts)) part.components = parts;
export default parts[{root}];
"""

COMPONENT = """\
{tag}: {{ name: {tag}, template: {template}, ...(() => {{
{script}
}})() }},
"""


class Module(NamedTuple):
    """What a widget's state holds of the panel, and the rest.

    Attributes:
        name: No other version of the panel has it.
        opening: The code of an ES module that asks for the panel's code and shows it.
        panel: The panel's code, in gzip's format.
    """

    name: str
    opening: str
    panel: bytes


class Component(NamedTuple):
    """A component's file, taken apart."""

    template: str
    script: str
    style: str


@cache
def read_components() -> dict[str, Component]:
    """Returns every component by its tag: `panels/feed.vue` is `<pg-feed>`."""
    files = [HERE / "studio_panel.vue", *sorted(HERE.glob("panels/*.vue")), *sorted(HERE.glob("parts/*.vue"))]
    return {f"pg-{file.stem.replace('_', '-')}": _take_apart(file.read_text("utf-8")) for file in files}


def _take_apart(text: str) -> Component:
    return Component(_part("template", text), _include(_part("script", text)), _part("style", text))


def _include(script: str) -> str:
    return re.sub(r"^//@include (\S+)$", lambda found: (HERE / found[1]).read_text("utf-8"), script, flags=re.M)


def _part(name: str, text: str) -> str:
    found = re.search(PART.format(name), text, flags=re.DOTALL | re.MULTILINE)
    return (found[1] or found[2] or "") if found else ""


@cache
def build_module() -> Module:
    """Returns what a panel's widget is made of."""
    code = build_panel()
    words = {lang[:2]: _opening_words(read_texts(lang)) for lang in LANGUAGES}
    opening = _include((HERE / "view/opening.js").read_text("utf-8"))
    name = f"photogram-panel-{hashlib.sha256((opening + code).encode()).hexdigest()[:12]}"
    return Module(
        name, opening.replace("{opening}", json.dumps(words, ensure_ascii=False)), gzip.compress(code.encode(), mtime=0)
    )


def _opening_words(texts: Mapping[str, str]) -> list[str]:
    """Returns what is told of a panel that is being opened: soon, and when it takes long."""
    return [texts["panel.loading"], f"{texts['panel.silent']} {texts['panel.silent_hint']}"]


@cache
def build_panel() -> str:
    """Returns the code of the ES module whose default export is the panel."""
    components = read_components()
    style = keep_inside((HERE / "theme.css").read_text("utf-8") + "".join(one.style for one in components.values()))
    version = f"pg-{hashlib.sha256(style.encode()).hexdigest()[:8]}"
    style = re.sub(r"\.pg(?![\w-])", f".pg:where(.{version})", style)  # a kernel with another version has its own
    parts = "".join(
        COMPONENT.format(
            tag=json.dumps(tag),
            template=json.dumps(one.template.replace('class="pg"', f'class="pg {version}"')),
            script=re.sub(r"^export default ", "return ", one.script, flags=re.M) or "return {};",
        )
        for tag, one in components.items()
    )
    return MODULE.format(version=json.dumps(version), style=json.dumps(style), parts=parts, root=json.dumps(ROOT))


def keep_inside(style: str) -> str:
    """Returns a style whose rules reach nothing outside a panel: grids in other cells have classes of such names.

    A browser puts every style into the whole page. `:where` changes no rule's weight.
    """

    def prefix(found: re.Match[str]) -> str:
        selectors = re.split(r",(?![^(]*\))", found[0])
        return ",".join(re.sub(r"^(\s*)(?=\.pg-)", r"\1:where(.pg) ", one) for one in selectors)

    rules = re.sub(r"/\*.*?\*/", "", style, flags=re.DOTALL)
    return re.sub(r"(?:^|(?<=[{};]))[^{};@]*\.pg-[^{};@]*(?=\{)", prefix, rules)
