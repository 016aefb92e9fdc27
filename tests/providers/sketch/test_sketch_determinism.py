"""The same request gives the same bytes: again, in another process, and on a processor with fewer instructions."""

import hashlib
import os
import subprocess
import sys

import pytest

from photogram.domain.request import GenerationRequest
from photogram.providers.sketch import Sketch
from photogram.providers.sketch.card import ABSTRACT_STYLES, STYLES

PROMPT = "a red lighthouse and two boats by snowy mountains at dusk, clouds"
JOBS = [("scene", style) for style in STYLES] + [("abstract", style) for style in ABSTRACT_STYLES]

CHILD = """
import sys
sys.path.insert(0, {here!r})
import test_sketch_determinism as jobs
import numpy._core._multiarray_umath as core
print(sum(bool(core.__cpu_features__.get(name)) for name in core.__cpu_dispatch__))
for model, style in jobs.JOBS:
    print(jobs.digest(model, style))
"""


def digest(model, style, seed=11, size=160):
    sketch = Sketch()
    card = next(card for card in sketch.cards() if card.model == model)
    params = card.check({"width": size, "height": size, "style": style})
    request = GenerationRequest(task_id="tsk_1", model=model, prompt=PROMPT, params=params, seed=seed)
    return hashlib.sha256(sketch.run(request, lambda _: None, lambda: False).data).hexdigest()


def in_a_child(**environment):
    """Returns how many optional CPU features NumPy uses in a fresh process, and the digest of every job there."""
    code = CHILD.format(here=os.path.dirname(__file__))
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    features, *digests = done.stdout.split()
    return int(features), digests


@pytest.fixture(scope="module")
def usual():
    return in_a_child(PYTHONHASHSEED="1")


def test_bytes_are_the_same_in_another_process(usual):
    assert [digest(model, style) for model, style in JOBS] == usual[1]
    assert len(set(usual[1])) == len(JOBS) - 1  # "auto" is one of the others


def test_bytes_are_the_same_without_vector_instructions(usual):
    import numpy._core._multiarray_umath as core

    features = [name for name in core.__cpu_dispatch__ if core.__cpu_features__.get(name)]
    if not features:
        pytest.skip("NumPy uses no optional CPU features here")
    left, digests = in_a_child(
        NPY_DISABLE_CPU_FEATURES=" ".join(features), OPENBLAS_NUM_THREADS="1", PYTHONHASHSEED="2"
    )
    assert left < usual[0]
    assert digests == usual[1]


@pytest.mark.parametrize("model", ["scene", "abstract"])
def test_another_seed_is_another_picture(model):
    assert digest(model, None, seed=1) != digest(model, None, seed=2)
