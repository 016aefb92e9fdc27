from __future__ import annotations

import io
import struct
import zlib

import pytest
from PIL import EpsImagePlugin, Image

from photogram.display.thumbs import UnreadableImage, check_whole, grid_budget, image_size, make_thumb

from .samples import encode, noise


def opened(thumb: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(thumb))
    image.load()
    assert image.format == "WEBP"
    return image


@pytest.mark.parametrize(
    ("size", "expected"), [((1024, 768), (384, 288)), ((64, 2048), (12, 384)), ((20, 10), (20, 10))]
)
def test_thumb_keeps_proportions_and_never_enlarges(size: tuple[int, int], expected: tuple[int, int]) -> None:
    assert opened(make_thumb(encode(Image.new("RGB", size, "red")))).size == expected


def test_exif_orientation_is_applied() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    upright = encode(Image.new("RGB", (400, 200), "red"), "JPEG", exif=exif)
    assert opened(make_thumb(upright)).size == (192, 384)
    assert image_size(upright) == (200, 400, "image/jpeg")


def test_transparency_is_kept_only_where_there_is_some() -> None:
    assert opened(make_thumb(encode(Image.new("RGBA", (50, 50), (255, 0, 0, 80))))).mode == "RGBA"
    assert opened(make_thumb(encode(Image.new("RGBA", (50, 50), (255, 0, 0, 255))))).mode == "RGB"
    palette = Image.new("RGBA", (50, 50), (255, 0, 0, 0)).quantize()
    assert palette.mode == "P"
    assert opened(make_thumb(encode(palette))).mode == "RGBA"


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "I;16", "CMYK"])
def test_every_mode_becomes_a_thumb(mode: str) -> None:
    kind = "JPEG" if mode == "CMYK" else "PNG"
    assert opened(make_thumb(encode(Image.new(mode, (40, 30)), kind))).size == (40, 30)


def test_sixteen_bits_are_scaled_and_not_clipped() -> None:
    middle = Image.new("I;16", (20, 20), 32_768)
    red, _, _ = opened(make_thumb(encode(middle))).convert("RGB").getpixel((10, 10))
    assert 118 <= red <= 138


def test_of_an_animation_the_first_frame_is_shown() -> None:
    frames = [Image.new("RGB", (40, 40), colour) for colour in ("red", "blue")]
    data = encode(frames[0], "GIF", save_all=True, append_images=frames[1:])
    red, _, blue = opened(make_thumb(data)).convert("RGB").getpixel((20, 20))
    assert red > 200 > 60 > blue


def test_thumb_fits_the_byte_limit_even_for_noise() -> None:
    hard = noise(512, 512)
    assert len(make_thumb(hard, max_px=256)) > 16_000
    for limit in (16_000, 5_000, 1_000):
        assert len(make_thumb(hard, max_px=256, max_bytes=limit)) <= limit


@pytest.mark.parametrize("images", [1, 4, 16, 17, 36, 100, 400])
def test_a_grid_of_any_count_has_a_budget_for_a_small_notebook(images: int) -> None:
    max_px, max_bytes = grid_budget(images)
    assert max_px == 384 if images <= 16 else max_px <= 256
    assert images * max_bytes * 4 / 3 < 2_300_000


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("size", [(12_000, 12_000), (60_000, 60_000)])
def test_decompression_bomb_is_refused_before_decoding(size: tuple[int, int]) -> None:
    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", *size, 8, 2, 0, 0, 0)
    bomb = (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(100))) + chunk(b"IEND", b"")
    )
    for read in (make_thumb, image_size):
        with pytest.raises(UnreadableImage, match="over 100 million"):
            read(bomb)


@pytest.mark.parametrize("cut", [0, 4, 30, 200])
def test_damaged_bytes_are_refused_clearly(cut: int) -> None:
    whole = noise(64, 64)
    with pytest.raises(UnreadableImage):
        make_thumb(whole[:cut])


def test_text_is_no_image() -> None:
    for read in (make_thumb, image_size):
        with pytest.raises(UnreadableImage):
            read(b"<html>not found</html>")


def test_postscript_is_never_handed_to_an_interpreter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pillow would run Ghostscript, which has had its holes, on whatever begins like EPS."""
    run = []
    monkeypatch.setattr(
        EpsImagePlugin, "Ghostscript", lambda *given, **_: run.append(given) or Image.new("RGB", (9, 9)).im
    )
    eps = encode(Image.new("RGB", (9, 9)), "EPS")
    with pytest.raises(UnreadableImage):
        make_thumb(eps)
    assert run == []


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_picture_whose_exif_nobody_can_read_is_a_picture(kind: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    whole = encode(Image.new("RGB", (30, 20), "red"), kind, exif=exif)
    assert image_size(whole)[:2] == (20, 30)
    at = whole.index(b"MM\0*")
    for damaged in (whole[:at] + b"xx\0*" + whole[at + 4 :], whole[: at + 8] + b"\xff\xff" + whole[at + 10 :]):
        assert image_size(damaged)[:2] in ((30, 20), (20, 30))
        assert opened(make_thumb(damaged)).size in ((30, 20), (20, 30))


def test_whatever_is_wrong_with_an_avif_it_is_unreadable() -> None:
    whole = bytearray(encode(Image.effect_noise((60, 40), 90).convert("RGB"), "AVIF"))
    for at in range(0, len(whole), 7):
        damaged = whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :]
        for read in (image_size, check_whole, make_thumb):
            try:
                read(bytes(damaged))
            except UnreadableImage:
                continue


@pytest.mark.parametrize(
    "svg", [b'<svg width="1000001" height="1"/>', b'<svg width="1" height="' + b"9" * 400 + b'"/>',
            b'<svg viewBox="0 0 1 ' + b"9" * 400 + b'"/>']
)  # fmt: skip
def test_svg_of_a_size_that_nothing_has_is_unreadable(svg: bytes) -> None:
    with pytest.raises(UnreadableImage, match="1,000,000"):
        image_size(svg)


@pytest.mark.parametrize(
    ("svg", "size"),
    [
        (b'<svg xmlns="http://www.w3.org/2000/svg" width="640" height="480px"/>', (640, 480)),
        (b'<?xml version="1.0"?><svg stroke-width="9" viewBox="0 0 20.4 10"/>', (20, 10)),
        (b'<svg width="100%" height="100%"/>', (300, 150)),
    ],
)
def test_svg_size_is_read_without_parsing_xml(svg: bytes, size: tuple[int, int]) -> None:
    assert image_size(svg) == (*size, "image/svg+xml")


@pytest.mark.parametrize(("kind", "mime"), [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("WEBP", "image/webp")])
def test_image_size_names_the_true_type(kind: str, mime: str) -> None:
    assert image_size(encode(Image.new("RGB", (30, 20)), kind)) == (30, 20, mime)
