"""Models by hub id, from a loopback server that speaks the hub's protocol. No test leaves this machine.

The hub's client reads its address once, when it is imported: so all calls are made in one child process.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys

import pytest

from .hub import serve
from .tiny import save_pipeline

pytestmark = pytest.mark.diffusers

CALLS = ("tiny", "tiny", "pickled", "gated", "nowhere", "plain", "foreign", "half", "bad..name", "DOWN", "tiny", "gone")

CHILD = """
import hashlib, json, os, sys, urllib.request
from photogram.domain.request import GenerationRequest
from photogram.errors import ProviderError
from photogram.providers.diffusers_local import Diffusers
from photogram.providers.diffusers_local.provider import Shelf

told = []
for name in json.loads(sys.argv[1]):
    if name == "DOWN":
        urllib.request.urlopen(os.environ["HF_ENDPOINT"] + "/down").read()
        continue
    request = GenerationRequest(task_id="t", model=f"org/{name}", prompt="a", params={"steps": 1}, seed=7)
    try:
        made = Diffusers(Shelf()).run(request, lambda _: None, lambda: False)
        told.append([name, "made", hashlib.sha256(made.data).hexdigest(), ""])
    except ProviderError as error:
        told.append([name, type(error).__name__, error.message, error.next_step])
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def outcome(tiny, tmp_path_factory):
    """What came of each call, and what the hub was asked for."""
    scratch = tmp_path_factory.mktemp("hub")
    for name in ("pickled", "foreign", "plain"):
        shutil.copytree(tiny, scratch / name)
    weights = scratch / "pickled" / "unet" / "diffusion_pytorch_model.safetensors"
    weights.rename(weights.with_suffix(".bin"))
    index = scratch / "foreign" / "model_index.json"
    index.write_text(json.dumps(json.loads(index.read_text("utf-8")) | {"unet": ["evil", "Evil"]}), "utf-8")
    (scratch / "foreign" / "unet" / "evil.py").write_text(f"open({str(scratch / 'ran')!r}, 'w')", "utf-8")
    (scratch / "plain" / "model_index.json").unlink()
    models = {f"org/{name}": scratch / name for name in ("pickled", "foreign", "plain")}
    models |= {"org/tiny": tiny, "org/half": save_pipeline(scratch / "half", variant="fp16"), "org/gated": None}
    models["org/gone"] = tiny
    with serve(models) as hub:
        env = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
        env |= {"HF_ENDPOINT": hub.url, "HF_HOME": str(scratch / "home"), "PYTHONPATH": os.pathsep.join(sys.path)}
        env |= {"HF_TOKEN": "hf_planted0123456789abcdef", "HF_HUB_DISABLE_TELEMETRY": "1"}
        # A folder of a model's name in the working directory must not be taken for it.
        (scratch / "cwd" / "org" / "tiny").mkdir(parents=True)
        done = subprocess.run(
            [sys.executable, "-c", CHILD, json.dumps(CALLS)],
            capture_output=True, text=True, env=env, cwd=scratch / "cwd", check=False, timeout=280,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "hf_planted" not in done.stdout + done.stderr
    assert not (scratch / "ran").exists()
    return json.loads(done.stdout.splitlines()[-1]), hub.asked


def told(outcome, name):
    return next(said[1:] for said in outcome[0] if said[0] == name)


def test_a_hub_model_is_downloaded_once_and_makes_what_its_folder_makes(outcome, tiny):
    from photogram.domain.request import GenerationRequest
    from photogram.providers.diffusers_local import Diffusers

    asked = GenerationRequest(task_id="t", model=str(tiny), prompt="a", params={"steps": 1}, seed=7)
    data = Diffusers().run(asked, lambda _: None, lambda: False).data
    made = [said[1:3] for said in outcome[0] if said[0] == "tiny"]
    assert made == [["made", hashlib.sha256(data).hexdigest()]] * 3  # the third after the hub was gone
    fetched = [line for line in outcome[1] if line.startswith("GET /org/tiny/resolve/")]
    assert len(fetched) == len(set(fetched)) > 5


def test_weights_that_are_there_only_in_half_size_are_fetched(outcome):
    assert told(outcome, "half")[0] == "made"


def test_pickled_weights_are_refused_and_never_fetched(outcome):
    kind, message, next_step = told(outcome, "pickled")
    assert (kind, "only as pickled files" in message, "safetensors" in next_step) == ("BadRequest", True, True)
    assert not [line for line in outcome[1] if line.endswith(".bin") and line.startswith("GET")]


def test_code_that_comes_with_a_model_is_never_fetched(outcome):
    kind, message, _ = told(outcome, "foreign")
    assert (kind, "code of its own (unet)" in message) == ("BadRequest", True)
    assert not [line for line in outcome[1] if line.endswith(".py")]


def test_terms_that_were_not_accepted_are_told(outcome):
    kind, message, next_step = told(outcome, "gated")
    assert (kind, "accepted its terms" in message, "HF_TOKEN" in next_step) == ("AuthFailed", True, True)


def test_a_model_that_is_not_there_is_told(outcome):
    kind, message, _ = told(outcome, "nowhere")
    assert (kind, "no model org/nowhere" in message) == ("BadRequest", True)


def test_a_model_in_another_format_is_told(outcome):
    kind, message, _ = told(outcome, "plain")
    assert (kind, "is no diffusers pipeline" in message) == ("BadRequest", True)


def test_a_name_that_no_model_can_have_is_told(outcome):
    assert told(outcome, "bad..name")[0] == "BadRequest"


def test_a_hub_out_of_reach_is_told(outcome):
    kind, message, _ = told(outcome, "gone")
    assert (kind, "the hub cannot be reached" in message) == ("Unreachable", True)
