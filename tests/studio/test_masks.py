"""Masks and references from a URL."""

from __future__ import annotations

import io

import httpx2
import pytest
from PIL import Image

from photogram.domain.card import ModelCard
from photogram.domain.params import ParamKind, ParamSpec
from photogram.errors import BadParams, BadReference


def png(size: tuple[int, int] = (8, 6), colour: str = "red") -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, colour).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
def masked(studio, dots):
    images = ParamSpec(name="images", kind=ParamKind.IMAGES, max=2)
    mask = ParamSpec(name="mask", kind=ParamKind.IMAGES, max=1)
    card = ModelCard(
        provider=dots.name, model="masked", title="m", params=(images, mask), seeded=False, local=True, price_micros=0
    )
    dots.cards = lambda: [card]
    studio._engine.registry.add(dots)
    return f"{dots.name}:masked"


def test_mask_reaches_the_provider_is_kept_apart_and_comes_back_in_settings(studio, dots, masked):
    batch = studio.generate("x", model=masked, images=[png()], mask=png(colour="blue")).wait(10)
    request = dots.runs[-1]
    assert [one.data for one in request.references] == [png()]
    assert request.mask.data == png(colour="blue")
    assert studio.df().iloc[0].refs.tolist() == [request.references[0].sha256]
    again = studio.generate(**batch.settings()).wait(10)
    assert again.record.mask == batch.record.mask
    assert dots.runs[-1].mask.data == png(colour="blue")


def test_mask_without_reference_says_so(studio, masked):
    with pytest.raises(BadParams, match="give that in images"):
        studio.generate("x", model=masked, mask=png())
    assert studio.df().empty


def test_mask_of_another_size_says_both(studio, masked):
    with pytest.raises(BadReference, match=r"9x6.*8x6"):
        studio.generate("x", model=masked, images=[png()], mask=png((9, 6)))
    assert studio.df().empty


def test_mask_that_cannot_be_opened_is_called_the_mask(studio, masked):
    with pytest.raises(BadReference, match=r"^The mask cannot be opened"):
        studio.generate("x", model=masked, images=[png()], mask=png()[:20])
    with pytest.raises(BadReference, match=r"^Reference 1 cannot be opened"):
        studio.generate("x", model=masked, images=[png()[:20]], mask=png())
    assert studio.df().empty


# ── References from a URL ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def web(studio):
    """What addresses answer, by URL; anything else cannot be reached."""
    pages: dict[str, httpx2.Response] = {}

    def answer(request: httpx2.Request) -> httpx2.Response:
        return pages[str(request.url)]

    http = studio._engine._http
    http._client = httpx2.AsyncClient(transport=httpx2.MockTransport(answer), follow_redirects=False)
    return pages


def test_reference_from_a_url_is_downloaded_through_its_redirects(studio, dots, masked, web):
    web["http://93.184.216.34/a"] = httpx2.Response(302, headers={"location": "http://93.184.216.35/b.png"})
    web["http://93.184.216.35/b.png"] = httpx2.Response(200, content=png())
    studio.generate("x", model=masked, images="http://93.184.216.34/a").wait(10)
    assert dots.runs[-1].references[0].data == png()


@pytest.mark.parametrize(
    "target", ["http://127.0.0.1:1/x", "http://10.0.0.7/x", "file:///etc/passwd", "http://[::1]/x"]
)
def test_reference_from_a_url_never_leads_into_this_network(studio, masked, web, target):
    web["http://93.184.216.34/a"] = httpx2.Response(302, headers={"location": target})
    with pytest.raises(BadReference, match="cannot be downloaded"):
        studio.generate("x", model=masked, images="http://93.184.216.34/a")
    if target.startswith("http"):
        with pytest.raises(BadReference, match="private network"):
            studio.generate("x", model=masked, images=target)
    assert studio.df().empty


def test_reference_from_a_url_that_is_no_image_or_is_gone_says_so(studio, masked, web):
    web["http://93.184.216.34/page"] = httpx2.Response(200, content=b"<html>")
    web["http://93.184.216.34/gone"] = httpx2.Response(404)
    with pytest.raises(BadReference, match="is not an image"):
        studio.generate("x", model=masked, images=["http://93.184.216.34/page"])
    with pytest.raises(BadReference, match="HTTP 404"):
        studio.generate("x", model=masked, images=["http://93.184.216.34/gone"])
