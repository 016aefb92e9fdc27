"""What a saved notebook keeps of a panel: a strip of the last pictures, and how to open the studio again.

A living panel hides it. It needs no kernel, no script and no style sheet: viewers that strip styles show it too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from .markup import escape, image_tag

CSS_CLASS = "photogram-strip"
"""By it the panel's style finds the strip, and hides it."""

HEIGHT_PX = 96

MOST_PICTURES = 8
PICTURE_PX, PICTURE_BYTES = 160, 2_600
"""A picture's longest side, and what it may weigh: all of them together stay under 30 kB in the notebook's file."""

_LATE = "@keyframes photogram-strip{from{visibility:hidden;max-height:0}}"
"""It shows itself after two seconds: where a kernel is, the panel is there by then, and nothing jumps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StripPicture:
    """One picture of the strip.

    Attributes:
        data: A thumbnail's bytes.
        prompt: What it shows.
        width: In pixels, of the image itself; only the quotient is meant.
        height: Likewise.
    """

    data: bytes = field(repr=False)
    prompt: str
    width: int
    height: int


def render_strip(pictures: Sequence[StripPicture], *, title: str, how: str) -> str:
    """Returns the strip. Pure; any thread.

    Args:
        pictures: The last ones, the newest first.
        title: What is shown, plain text.
        how: How to open the studio again, plain text.
    """
    images = "".join(
        image_tag(
            one.data, alt=one.prompt[:120], title=one.prompt[:120], height=HEIGHT_PX,
            width=max(24, min(3 * HEIGHT_PX, round(HEIGHT_PX * one.width / one.height))), css_class="",
        ).replace(' class=""', ' style="object-fit:cover;border-radius:8px;margin:0"')
        for one in pictures
    )  # fmt: skip
    row = f'<div style="display:flex;flex-wrap:wrap;gap:6px;margin:0 0 8px">{images}</div>' if images else ""
    return (
        f"<style>{_LATE}</style>"
        f'<div class="{CSS_CLASS} tex2jax_ignore mathjax_ignore" role="group" aria-label="{escape(title)}"'
        ' style="overflow:hidden;padding:6px 0;font-size:13px;line-height:1.5;animation:photogram-strip 2s step-end">'
        f'{row}<div><b>{escape(title)}</b></div><div style="opacity:.8">{escape(how)}</div></div>'
    )
