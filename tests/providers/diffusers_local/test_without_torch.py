"""What needs no torch: the cards, what a missing extra says, and that nothing heavy is imported."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from photogram.domain.request import GenerationRequest
from photogram.errors import BadParams, BadRequest
from photogram.providers.base import LocalProvider
from photogram.providers.diffusers_local import Diffusers
from photogram.providers.registry import default_registry


def request(model="some/model", **params):
    return GenerationRequest(task_id="tsk_1", model=model, prompt="a lighthouse", params=params, seed=1)


def run(asked):
    return Diffusers().run(asked, lambda _progress: None, lambda: False)


def test_it_is_a_local_provider_that_costs_nothing_and_runs_one_at_a_time():
    assert isinstance(Diffusers(), LocalProvider)
    for card in Diffusers().cards():
        assert (card.local, card.price_micros, card.concurrency, card.seeded) == (True, 0, 1, True)


def test_any_hub_id_or_folder_is_a_model():
    registry = default_registry()
    for model in ("org/name", "/models/mine", "~/models/mine", "./mine"):
        card = registry.card(f"diffusers:{model}")
        assert (card.provider, card.model) == ("diffusers", model)
        assert card.check({}) == {}
    assert registry.card("diffusers:stabilityai/sdxl-turbo").check({}) == {"steps": 1, "guidance_scale": 0.0}


def test_sizes_are_multiples_of_eight_or_left_to_the_model():
    card = default_registry().card("diffusers:org/name")
    assert card.check({"size": "512x768"}) == {"width": 512, "height": 768}
    for wrong in ({"size": "510x768"}, {"width": 512}, {"aspect_ratio": "16:9"}):
        with pytest.raises(BadParams):
            card.check(wrong)


@pytest.mark.parametrize("package", ["torch", "diffusers", "transformers", "accelerate"])
def test_a_missing_extra_says_what_to_install(monkeypatch, package):
    for name in ("accelerate", "diffusers", "torch", "transformers"):  # as if those before it were there
        monkeypatch.setitem(sys.modules, name, sys)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(BadRequest, match=rf"not installed \({package}\)") as told:
        run(request())
    assert told.value.next_step == "Run: pip install 'photogram[diffusers]'"


def test_a_broken_install_is_not_called_a_missing_one(monkeypatch, tmp_path):
    (tmp_path / "accelerate.py").write_text("import no_such_module_of_accelerates\n", "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "accelerate", raising=False)
    with pytest.raises(BadRequest, match="does not load: No module named 'no_such_module_of_accelerates'"):
        run(request())
    sys.modules.pop("accelerate", None)


def test_what_can_be_told_without_torch_is_told_first(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(BadRequest, match="There is no folder"):
        run(request(model=str(tmp_path / "nowhere")))
    with pytest.raises(BadParams, match="strength does nothing without a reference image"):
        default_registry().card("diffusers:a/b").check({"strength": 0.5})


def test_the_registry_imports_nothing_heavy():
    code = (
        "from photogram.providers.registry import default_registry; default_registry().card('diffusers:a/b')\n"
        "import sys\nprint(*{'torch', 'diffusers', 'transformers', 'PIL', 'numpy'} & sys.modules.keys())"
    )
    env = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stderr
