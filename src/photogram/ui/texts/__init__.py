"""Every sentence of the panel, by language: one JSON file each, the same keys in all."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files

from ...studio.showing import LANGUAGES, find_language

__all__ = ["LANGUAGES", "choose_language", "read_texts"]


def choose_language(*wanted: str | None) -> str:
    """Returns the first language that we speak of those wanted (`pt`, `pt-PT` → `pt-BR`); English where none is."""
    return next(filter(None, (find_language(one) for one in wanted if one)), LANGUAGES[0])


@cache
def read_texts(language: str) -> dict[str, str]:
    """Returns every text of a language by its key."""
    texts: dict[str, str] = json.loads((files(__name__) / f"{language}.json").read_text("utf-8"))
    return texts
