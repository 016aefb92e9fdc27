"""One line for every model there is: the same call, real files, seeds that were sent, costs in the ledger."""

from __future__ import annotations

import pytest

from photogram.domain.card import ANY_MODEL
from photogram.errors import BadParams
from photogram.providers.registry import default_registry
from photogram.testing import FakeProvider, open_studio

from .fakes import MODULES, fakes_in

NOT_SO = {
    "bfl:flux-pro-1.1-ultra": "it makes",
    "bfl:flux-pro-1.0-fill": "size is not a parameter",
    "fal:fal-ai/flux-pro/kontext": "images is missing",
    "stability:core": "it makes",
    "stability:inpaint": "size is not a parameter",
    "dashscope:qwen-image-max": "it makes 1664x928",
    "dashscope:qwen-image-plus": "it makes 1664x928",
    "dashscope:wan2.6-image": "images is missing",
    "dashscope:wan2.5-i2i-preview": "images is missing",
    "ark:seedream-4-5-251128": "3,686,400",
    "ark:seedream-5-0-260128": "3,686,400",
}
"""Models that cannot take the call, and the words with which they say so before anything is sent."""


def addresses(fake: type[FakeProvider]) -> list[str]:
    return [card.address for card in fake.adapter().cards() if card.model != ANY_MODEL]


@pytest.mark.filterwarnings("ignore:.*retired:UserWarning")
@pytest.mark.parametrize("fake_class", [fake for module in MODULES for fake in fakes_in(module, whole_kit=False)],
                         ids=lambda fake: f"{fake.adapter.name}-{fake.__name__}")  # fmt: skip
def test_the_same_line_makes_real_files_with_real_seeds_and_costs(fake_class, tmp_path, monkeypatch):
    fake = fake_class()
    adapter = fake.adapter()
    monkeypatch.setenv(f"PHOTOGRAM_{adapter.name.upper().replace('-', '_')}_BASE_URL", fake.url)
    monkeypatch.setenv("PHOTOGRAM_CONFIG", "/nonexistent/photogram.toml")
    monkeypatch.setenv("PHOTOGRAM_PRESSES_PER_MINUTE", "1000")
    for variable in adapter.key_variables[:1]:
        monkeypatch.setenv(variable, fake.key)
    behind = [address for address in addresses(fake_class) if speaks(fake_class, address)]
    behind = behind or [f"{adapter.name}:{fake.model}"]
    try:
        with open_studio(tmp_path / "ws", adapter) as studio:
            for address in behind:
                if address in NOT_SO:
                    with pytest.raises(BadParams, match=NOT_SO[address]):
                        studio.generate("a lighthouse", model=address, n=2, size="1024x1024")
                    continue
                batch = studio.generate("a lighthouse", model=address, n=2, size="1024x1024").wait(timeout_s=60)
                assert [(one.status, one.error) for one in batch] == [("success", None)] * 2, address
                assert batch[0].path.read_bytes() != batch[1].path.read_bytes()
                seeds = [one.seed for one in batch]
                if adapter.card(batch.record.model).seeded:
                    sent = [fake.read_seed(asked) for asked in fake.submits[-2:]]
                    assert sorted(seeds) == sorted(sent)
                    assert len(set(seeds)) == 2
                else:
                    assert seeds == [None, None]
                assert all(one.cost_usd is not None for one in batch)
            ledger = studio.wallet.ledger()
            assert studio.wallet.balance_coins == pytest.approx(ledger.coins.sum())
            captured = -ledger[ledger.kind == "capture"].coins.sum() / 1000
            assert captured == pytest.approx(studio.df().cost_usd.sum())
    finally:
        fake.close()


def speaks(fake: type[FakeProvider], address: str) -> bool:
    """Tells whether a fake serves a model: of a provider with several protocols each fake speaks one."""
    adapter = fake.adapter()
    own, asked = adapter.card(fake.model).wire, adapter.card(address.partition(":")[2]).wire
    if fake.__name__ == "FakeGenerations":
        return asked.get("provider") in ("together", "nscale")
    same = all(own.get(name) == asked.get(name) for name in ("provider", "server"))
    return same and bool(own.get("later")) == bool(asked.get("later"))


def test_every_model_of_every_provider_is_behind_some_fake():
    tried = {
        address
        for module in MODULES
        for fake in fakes_in(module, whole_kit=False)
        for address in addresses(fake)
        if speaks(fake, address)
    }
    elsewhere = ("sketch:", "diffusers:")
    there_are = {card.address for card in default_registry().cards() if card.model != ANY_MODEL}
    assert {address for address in there_are if not address.startswith(elsewhere)} <= tried
    assert set(NOT_SO) <= tried


STRONG = [card for card in default_registry().cards() if "strength" in card.specs and card.provider != "sketch"]


@pytest.mark.parametrize("card", STRONG, ids=lambda card: card.address)
def test_strength_without_a_reference_is_refused_before_anything_is_written(card):
    with pytest.raises(BadParams, match="strength does nothing without a reference image"):
        card.check({"strength": 0.5})
    assert "strength" not in card.check({})
    assert card.check({"strength": 0.5, "images": ["x"]})["strength"] == 0.5


CHANGES = {
    "openai": "transparent", "azure": "transparent", "bfl": "white", "stability": "white", "comfyui": "white",
    "a1111": "white", "fal": "", "replicate": "", "horde": "", "openai-compatible": "",
}  # fmt: skip
"""Which parts of a mask change, by provider; "" where that is its model's own, or not known."""


def test_cards_say_which_parts_of_a_mask_change():
    masked = [card for card in default_registry().cards() if "mask" in card.specs]
    assert {card.provider: card.mask.changes for card in masked} == CHANGES
    assert all((card.mask is not None) == ("mask" in card.specs) for card in default_registry().cards())
