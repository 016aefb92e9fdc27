"""What every provider promises of an image that is made: bytes, seeds, sizes, input images, cost."""

from __future__ import annotations

import pytest

from ..errors import BadParams, PhotogramError
from ..store.tasks import load_tasks
from ..studio.studio import Studio
from ..studio.waiting import wait_for
from .base import PROMPT, KitBase, check_made, kit_card, needs
from .fake import FakeProvider, draw, draw_mask


class MadeKit(KitBase):
    """Images that are made."""

    def test_image_is_stored_as_it_came_and_booked(self, studio: Studio, fake: FakeProvider) -> None:
        batch = self.generate(studio, fake)
        check_made(batch)
        assert fake.read_prompt(fake.submits[0]) == PROMPT
        assert batch[0].path.read_bytes() == next(iter(fake.jobs.values())).image
        row = studio.df().iloc[0]
        card = fake.adapter().card(fake.model)
        if fake.cost_micros is not None:
            assert round(row.cost_usd * 1e6) == fake.cost_micros
            assert row.cost_source in ("reported", "computed", "free")
        elif card.free:
            assert (row.cost_usd, row.cost_source) == (0, "free")
        else:
            sent = wait_for(studio._engine.read(load_tasks, [batch[0].record.task_id]))[0].params
            estimate = card.estimate_micros(sent)
            assert row.cost_source == ("unknown" if estimate is None else "estimated")
        assert studio.wallet.balance_coins == pytest.approx(studio.wallet.ledger().coins.sum())

    def test_several_images_are_as_many_submits_each_with_its_own_seed(
        self, studio: Studio, fake: FakeProvider
    ) -> None:
        batch = self.generate(studio, fake, n=3)
        assert [(one.status, one.error) for one in batch] == [("success", None)] * 3
        assert len(fake.submits) == len(fake.jobs) == 3
        assert len({one.path for one in batch}) == 3
        sent = [fake.read_seed(asked) for asked in fake.submits]
        if fake.adapter().card(fake.model).seeded:
            assert len(set(sent)) == 3
            assert sorted((one.seed for one in batch), key=str) == sorted(sent, key=str)
        else:
            assert sent == [None] * 3
            assert [one.seed for one in batch] == [None] * 3

    def test_seed_of_the_user_is_sent(self, studio: Studio, fake: FakeProvider) -> None:
        if not fake.adapter().card(fake.model).seeded:
            with pytest.raises(BadParams, match="seed"):
                self.generate(studio, fake, seed=7)
            return
        batch = self.generate(studio, fake, n=2, seed=0)
        assert {fake.read_seed(asked) for asked in fake.submits} == {0, 1}
        assert [one.seed for one in batch] == [0, 1]

    def test_the_same_line_works_for_every_provider(self, studio: Studio, fake: FakeProvider) -> None:
        if not fake.sized:
            with pytest.raises(BadParams, match="1024"):
                self.generate(studio, fake, n=2, size="1024x1024")
            assert not fake.submits
            return
        batch = self.generate(studio, fake, n=2, size="1024x1024")
        assert [one.status for one in batch] == ["success"] * 2

    def test_references_arrive_unchanged_and_in_order(self, studio: Studio, fake: FakeProvider) -> None:
        spec = fake.adapter().card(fake.model).specs.get("images")
        given = [draw(100 + place, 96, 64) for place in range(min(int(spec.max or 1), 3) if spec else 1)]
        if spec is None:
            with pytest.raises(PhotogramError, match="images"):
                self.generate(studio, fake, images=given)
            assert not fake.submits
            return
        batch = self.generate(studio, fake, images=given)
        check_made(batch)
        assert list(fake.read_references(fake.submits[0])) == given

    @needs(lambda fake: "images" in kit_card(fake).specs)
    def test_too_many_references_are_refused_before_anything_is_sent(self, studio: Studio, fake: FakeProvider) -> None:
        most = int(kit_card(fake).specs["images"].max or 1)
        with pytest.raises(PhotogramError, match=str(most)):
            self.generate(studio, fake, images=[draw(place) for place in range(most + 1)])
        assert not fake.submits

    def test_mask_arrives_unchanged(self, studio: Studio, fake: FakeProvider) -> None:
        mask, image = draw_mask(96, 64), draw(201, 96, 64)
        if "mask" not in fake.adapter().card(fake.model).specs:
            with pytest.raises(PhotogramError, match="mask"):
                self.generate(studio, fake, images=[image], mask=mask)
            assert not fake.submits
            return
        batch = self.generate(studio, fake, images=[image], mask=mask)
        check_made(batch)
        assert list(fake.read_references(fake.submits[0])) == [image]
        assert fake.read_mask(fake.submits[0]) == mask
