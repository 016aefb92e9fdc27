"""Images that travel as text inside JSON: base64 and data URIs."""

from __future__ import annotations

import binascii

import pybase64

from ..domain.request import ReferenceImage
from ..errors import BadResponse


def write_base64(image: ReferenceImage) -> str:
    """Returns an input image's bytes in base64."""
    return pybase64.b64encode_as_string(image.data)


def write_data_uri(image: ReferenceImage) -> str:
    """Returns an input image as `data:image/png;base64,…`."""
    return f"data:{image.mime};base64,{write_base64(image)}"


def read_base64(text: object) -> bytes:
    """Returns the bytes that a base64 text stands for; a `data:` URL's head and line breaks are passed over.

    Ten times as fast as the standard library, which, besides, keeps every other thread waiting meanwhile: with many
    images in flight it is what limits their number. Any thread; 0.2 ms for an image of 1 MB.

    Args:
        text: Base64, padded, in the standard alphabet.

    Raises:
        BadResponse: It is no text, or not base64.
    """
    if not isinstance(text, str):
        raise BadResponse(f"The provider's answer has {type(text).__name__} where base64 should be.")
    encoded = text.partition(",")[2] if text.startswith("data:") else text
    try:
        return pybase64.b64decode(encoded, validate=True)
    except binascii.Error:
        pass  # some wrap their lines
    try:
        return pybase64.b64decode("".join(encoded.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        detail = f"{error}; it begins with {encoded[:80]!r} and has {len(encoded)} characters"
        raise BadResponse("The provider's answer is not the base64 it should be.", detail=detail) from error
