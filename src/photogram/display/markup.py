"""The few building blocks of all our HTML: escaping, images, the frame around everything.

Nothing here or above it ever writes a script, an event handler or a link to another machine.
"""

from __future__ import annotations

import base64
import html
import re
from pathlib import Path

from ..domain.asset import sniff_mime

LONG_PROMPT = 180
"""Characters of a prompt that are shown before it folds."""


def _one_line(css: str) -> str:
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)
    return re.sub(r"\s*([{};])\s*", r"\1", re.sub(r"\s+", " ", css)).strip()


STYLE = _one_line(Path(__file__).with_name("style.css").read_text("utf-8"))
"""The style sheet on one line: it is saved with every output."""


def escape(text: object) -> str:
    """Returns the text safe between tags and inside quoted attributes.

    Control characters that HTML forbids are left out.
    """
    kept = "".join(char for char in str(text) if char in "\n\t" or (ord(char) >= 32 and not 127 <= ord(char) < 160))
    return html.escape(kept.encode("utf-8", "replace").decode("utf-8"), quote=True)


def frame(body: str, *, label: str) -> str:
    """Returns the complete fragment: our style, then `body` in the one element that the style reaches.

    Args:
        body: HTML, already escaped.
        label: Plain text that names the whole for a screen reader.
    """
    # Both "ignore" classes keep MathJax (2 and 3) from typesetting $…$ in a prompt, and with it \href{javascript:…}.
    classes = "photogram tex2jax_ignore mathjax_ignore"
    return f'<style>{STYLE}</style><div class="{classes}" role="group" aria-label="{escape(label)}">{body}</div>'


def image_tag(data: bytes, *, alt: str, title: str = "", width: int, height: int, css_class: str = "pg-img") -> str:
    """Returns an <img> that holds its own bytes.

    An SVG is shown in the same way: inside <img> a browser neither runs its scripts nor loads what it links to.

    Args:
        data: The thumbnail's bytes.
        alt: What it shows, plain text.
        title: Tooltip, plain text.
        width: Width in pixels where no style reaches it (some viewers strip ours).
        height: Height there.
        css_class: Its class.
    """
    mime = sniff_mime(data) or "image/webp"
    uri = f"data:{mime};base64,{base64.b64encode(data).decode('ascii')}"
    tooltip = f' title="{escape(title)}"' if title else ""
    return f'<img class="{css_class}" src="{uri}" alt="{escape(alt)}"{tooltip} width="{width}" height="{height}">'


def prompt_block(prompt: str) -> str:
    """Returns the prompt as a heading line; a long one, or one of several lines, folds."""
    first_line = prompt.strip().split("\n", 1)[0]
    if len(prompt) <= LONG_PROMPT and first_line == prompt.strip():
        return f'<div class="pg-prompt" dir="auto">{escape(prompt)}</div>'
    start = first_line[:LONG_PROMPT].rstrip()
    return (
        f'<details class="pg-prompt"><summary dir="auto">{escape(start)}…</summary>'
        f'<div class="pg-whole" dir="auto">{escape(prompt)}</div></details>'
    )


def meta_line(*facts: str) -> str:
    """Returns the small grey line of facts (plain text; empty ones are left out)."""
    spans = " <i>·</i> ".join(f"<span>{escape(fact)}</span>" for fact in facts if fact)
    return f'<div class="pg-meta">{spans}</div>'


def table_of(cells: list[str], *, css_class: str, columns: int = 4, style: str = "") -> str:
    """Returns cells as a grid; a plain table of four columns where a viewer strips our style.

    Args:
        cells: Inner HTML of each cell, already escaped.
        css_class: Class of the grid.
        columns: Columns of the plain table.
        style: Declarations for this grid alone.
    """
    rows = (cells[start : start + columns] for start in range(0, len(cells), columns))
    lines = ("".join(f'<td align="left">{cell}</td>' for cell in row) for row in rows)
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    inline = f' style="{style}"' if style else ""
    return f'<table class="{css_class}" role="presentation"{inline}><tbody>{body}</tbody></table>'
