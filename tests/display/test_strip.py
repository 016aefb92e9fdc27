from __future__ import annotations

import base64
import re

import pytest

from photogram.display.strip import MOST_PICTURES, PICTURE_BYTES, StripPicture, render_strip


def picture(**given: object) -> StripPicture:
    return StripPicture(**{"data": b"RIFF....WEBP", "prompt": "a boat", "width": 4, "height": 3, **given})  # type: ignore[arg-type]


def test_a_full_strip_stays_under_40_kb():
    pictures = [picture(data=b"x" * PICTURE_BYTES, prompt="p" * 2_000)] * MOST_PICTURES
    assert len(render_strip(pictures, title="8 images", how="Run it.").encode()) < 40_000


def test_it_says_how_to_open_the_studio_again_and_holds_its_pictures():
    html = render_strip([picture()], title="1 image", how="Run the cells.")
    assert "1 image" in html
    assert "Run the cells." in html
    data = re.search(r'src="data:image/webp;base64,([^"]+)"', html)
    assert data
    assert base64.b64decode(data[1]) == picture().data


def test_a_prompt_is_text():
    html = render_strip([picture(prompt='"><script>alert(1)</script>')], title="<b>", how="</div>")
    assert "<script" not in html
    assert "<b><b>" not in html


@pytest.mark.parametrize(("sides", "width"), [((1, 1), 96), ((16, 9), 171), ((100, 1), 288), ((1, 100), 24)])
def test_a_picture_is_shown_in_its_proportions_within_bounds(sides, width):
    html = render_strip([picture(width=sides[0], height=sides[1])], title="", how="")
    assert f'width="{width}" height="96"' in html
