"""ComfyUI's protocol, against a fake of it on this machine."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest

from photogram.domain.request import GenerationRequest, ReferenceImage
from photogram.domain.task import RemoteHandle
from photogram.errors import BadParams, BadRequest, RemoteFailed
from photogram.providers.cards import load_data, read_facts
from photogram.providers.comfyui import ComfyUI, job_of
from photogram.providers.registry import Registry
from photogram.providers.user_models import add_models
from photogram.providers.wire import Access, Done, Ready, WireAnswer, Working
from photogram.testing import Asked, FakeProvider, Job, ProviderKit, Reply

NODE_ERRORS = {
    "error": {"type": "prompt_outputs_failed_validation", "message": "Prompt outputs failed validation",
              "details": "", "extra_info": {}},
    "node_errors": {"4": {"class_type": "CheckpointLoaderSimple", "dependent_outputs": ["9"], "errors": [
        {"type": "value_not_in_list", "message": "Value not in list",
         "details": "ckpt_name: 'a.safetensors' not in ['b.safetensors']", "extra_info": {}}]}},
}  # fmt: skip


def entry(status: str = "success", outputs: Any = None, *messages: Any) -> dict[str, Any]:
    return {"prompt": [], "outputs": outputs or {}, "meta": {},
            "status": {"status_str": status, "completed": status == "success", "messages": list(messages)}}  # fmt: skip


class FakeComfyUI(FakeProvider):
    adapter = ComfyUI
    model = "sd_xl_base_1.0.safetensors"
    no_such: ClassVar = {
        "refusals": "it refuses nothing", "job_failed": "tried below: an entry stands under its job's own id",
        "unknown_status": "a job is in the queue, or it is not", "not_cancelled": "it says 200 to everything",
    }  # fmt: skip
    routes: ClassVar = {
        "submit": ("POST", "/prompt"),
        "poll": ("GET", "/queue"),
        "fetch": ("GET", "/history/(?P<job>[^/]+)"),
        "download": ("GET", "/view"),
        "upload": ("POST", "/upload/image"),
        "cancel": ("POST", "/(?:queue|interrupt)"),
    }
    rate_limits: ClassVar = {"of a proxy": Reply.of({"error": "busy"}, 503, retry_after="1")}

    def submit(self, asked: Asked, job: Job) -> Reply:
        body = asked.json()
        self.jobs[body["prompt_id"]] = self.jobs.pop(job.id)
        job.id = body["prompt_id"]
        return Reply.of({"prompt_id": job.id, "number": job.number, "node_errors": {}})

    def poll(self, asked: Asked, job: Job | None) -> Reply:
        for one in self.jobs.values():
            one.polls += 1
        left = [[one.number, one.id, {}, {}, ["9"]] for one in self.jobs.values() if not self.done(one)]
        return Reply.of({"queue_running": left[:1], "queue_pending": left[1:]})

    def fetch(self, asked: Asked, job: Job | None) -> Reply:
        if job is None:
            return Reply.of({})
        image = {"filename": f"{job.id}_00001_.png", "subfolder": "photogram", "type": "output"}
        return Reply.of({job.id: entry("success", {"9": {"images": [image]}})})

    def download(self, asked: Asked, job: Job | None) -> Reply:
        assert asked.query["subfolder"] == "photogram"
        assert asked.query["type"] == "output"
        return super().download(asked, self.jobs[asked.query["filename"].removesuffix("_00001_.png")])

    def upload(self, asked: Asked, job: Job | None) -> Reply:
        form = asked.form()
        name = f"ref{len(self.uploaded)}.png"  # a server may choose another name
        self.uploaded[f"photogram/{name}"] = form["image"][0]
        assert asked.field("type") == "input"
        return Reply.of({"name": name, "subfolder": asked.field("subfolder"), "type": "input"})

    def cancel(self, asked: Asked, job: Job | None) -> Reply:
        return Reply()

    def graph(self, asked: Asked) -> dict[str, Any]:
        return asked.json()["prompt"]  # type: ignore[no-any-return]

    def read_prompt(self, asked: Asked) -> str:
        return str(self.graph(asked)["6"]["inputs"]["text"])

    def read_seed(self, asked: Asked) -> int | None:
        return int(self.graph(asked)["3"]["inputs"]["seed"])

    def read_references(self, asked: Asked) -> Sequence[bytes]:
        return [self.uploaded[self.graph(asked)["10"]["inputs"]["image"]]]

    def read_mask(self, asked: Asked) -> bytes | None:
        return self.uploaded[self.graph(asked)["13"]["inputs"]["image"]]


class TestComfyUI(ProviderKit):
    fake_class = FakeComfyUI

    def test_cancel_names_our_job_in_the_queue_and_to_the_interrupt(self, studio: Any, fake: FakeProvider) -> None:
        fake.polls_needed = 10**9
        batch = studio.generate("a boat", model=f"comfyui:{fake.model}")
        from photogram.testing import wait_until

        wait_until(lambda: fake.count("poll"))
        batch.cancel()
        job = next(iter(fake.jobs))
        assert [asked.json() for asked in fake.asked["cancel"]] == [{"delete": [job]}, {"prompt_id": job}]

    @pytest.mark.parametrize(
        ("said", "words"),
        [
            (["execution_error", {"node_id": "3", "node_type": "KSampler", "exception_message": "out of memory\n"}],
             r"KSampler \(node 3\) failed: out of memory\."),
            (["execution_interrupted", {"node_id": "3"}], "interrupted"),
            (["something_new", {}], "failed"),
        ],
    )  # fmt: skip
    def test_failed_job_names_its_node(self, studio: Any, fake: FakeProvider, said: Any, words: str) -> None:
        def fetch(asked: Asked, job: Job | None) -> Reply:
            assert job
            return Reply.of({job.id: entry("error", None, ["execution_start", {}], said)})

        fake.fetch = fetch  # type: ignore[attr-defined]
        error = self.generate(studio, fake)[0].error
        assert error.kind == "remote_failed"
        assert read_again(error.message, words)

    def test_job_deleted_on_the_server_ends(self, studio: Any, fake: FakeProvider) -> None:
        fake.always["fetch"] = Reply.of({})
        error = self.generate(studio, fake)[0].error
        assert (error.kind, "deleted" in error.message) == ("remote_failed", True)
        assert fake.count("fetch") == 1

    def test_nonsense_in_place_of_the_result_ends_the_wait_and_retry_asks_the_same_job(
        self, studio: Any, fake: FakeProvider, nonsense: Reply
    ) -> None:
        if nonsense.content != b"{}":  # that is what the server says of a job that was deleted: see above
            super().test_nonsense_in_place_of_the_result_ends_the_wait_and_retry_asks_the_same_job(
                studio, fake, nonsense
            )

    def test_graph_that_is_not_taken_names_what_is_wrong_with_which_node(self, studio: Any, fake: FakeProvider) -> None:
        fake.always["submit"] = Reply.of(NODE_ERRORS, 400)
        error = self.generate(studio, fake)[0].error
        assert error.kind == "bad_request"
        assert "CheckpointLoaderSimple (node 4): Value not in list: ckpt_name: 'a.safetensors'" in error.message


def read_again(text: str, pattern: str) -> bool:
    import re

    return re.search(pattern, text) is not None


# ── The graph ───────────────────────────────────────────────────────────────────────────────────────────────────────

HERE = Access(base_url="http://127.0.0.1:8188")
IMAGE = ReferenceImage(data=b"png", mime="image/png", sha256="a" * 64)


def graph_of(adapter: ComfyUI, model: str, **facts: Any) -> dict[str, Any]:
    given = facts.pop("params", {}) | ({"images": [IMAGE]} if facts.get("references") else {})
    checked = adapter.card(model).check(given)
    params = {name: value for name, value in checked.items() if name not in ("seed", "images")}
    request = GenerationRequest(task_id="tsk_1", model=model, prompt="a boat", seed=5, params=params, **facts)
    return adapter.build_graph(request)


def test_every_card_has_a_place_for_everything_it_takes_and_a_whole_graph() -> None:
    adapter = ComfyUI()
    for card in adapter.cards():
        model = "some/any.safetensors" if card.model == "*" else card.model
        for facts in ({}, {"references": (IMAGE,), "uploads": ("a",), "params": {"strength": 0.3}},
                      {"references": (IMAGE,), "mask": IMAGE, "uploads": ("a", "b")}):  # fmt: skip
            graph = graph_of(adapter, model, **facts)
            assert graph["4"]["inputs"]["ckpt_name"] == model
            for node in graph.values():
                assert node["class_type"]
                for value in node["inputs"].values():
                    assert not isinstance(value, list) or value[0] in graph


def test_reference_changes_where_the_sampler_starts_and_keeps_the_size() -> None:
    graph = graph_of(ComfyUI(), "x", references=(IMAGE,), uploads=("photogram/a.png",),
                     params={"width": 512, "height": 768})  # fmt: skip
    start = graph[graph["3"]["inputs"]["latent_image"][0]]
    scale = graph[start["inputs"]["pixels"][0]]["inputs"]
    assert (start["class_type"], scale["width"], scale["height"]) == ("VAEEncode", 512, 768)
    assert graph[scale["image"][0]]["inputs"]["image"] == "photogram/a.png"
    assert graph["3"]["inputs"]["denoise"] == 0.75


def test_mask_is_scaled_as_its_image_and_limits_the_noise() -> None:
    graph = graph_of(ComfyUI(), "x", references=(IMAGE,), mask=IMAGE, uploads=("a", "m"), params={"width": 512})
    noise = graph[graph["3"]["inputs"]["latent_image"][0]]
    assert noise["class_type"] == "SetLatentNoiseMask"
    assert graph["13"]["inputs"]["image"] == "m"
    assert graph["14"]["inputs"]["width"] == graph["11"]["inputs"]["width"] == 512


def test_two_tasks_never_make_the_same_graph_or_the_same_job() -> None:
    def submit(task: str) -> Any:
        request = GenerationRequest(task_id=task, model="x", prompt="a", params={})
        return ComfyUI().build_submit(request, HERE).json_body

    one, other, again = submit("tsk_1"), submit("tsk_2"), submit("tsk_1")
    assert one == again
    assert one["prompt"] != other["prompt"]
    assert one["prompt_id"] != other["prompt_id"]


def test_built_in_graph_is_not_changed_by_what_is_made_with_it() -> None:
    before = json.dumps(ComfyUI().card("x").wire, sort_keys=True)
    graph_of(ComfyUI(), "x", references=(IMAGE,), uploads=("a",))
    assert json.dumps(ComfyUI().card("x").wire, sort_keys=True) == before


# ── The user's own workflow ─────────────────────────────────────────────────────────────────────────────────────────

OWN = {
    "1": {"class_type": "Text", "inputs": {"value": ""}},
    "2": {"class_type": "LoadImage", "inputs": {"image": ""}},
    "3": {"class_type": "LoadImage", "inputs": {"image": ""}},
    "4": {"class_type": "Magic", "inputs": {"text": ["1", 0], "noise": 0, "other_noise": 0, "power": 1}},
    "5": {"class_type": "SaveImage", "inputs": {"images": ["4", 0], "filename_prefix": "mine"}},
    "6": {"class_type": "PreviewImage", "inputs": {"images": ["4", 0]}},
}


def own(file: Path, **wire: Any) -> ComfyUI:
    wire = {"workflow": str(file), "output": "5", "inputs": {
        "prompt": "1.value", "seed": ["4.noise", "4.other_noise"], "power": "4.power",
        "images": ["2.image", "3.image"]}} | wire  # fmt: skip
    model = {"id": "mine", "params": {"seed": True, "power": {"min": 0, "max": 9}}, "references": {"max": 2},
             "wire": wire}  # fmt: skip
    return ComfyUI().with_facts(read_facts({"model": [model]}, "comfyui", base=load_data("comfyui")))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "flow.json"
    path.write_text(json.dumps(OWN))
    return path


def test_own_workflow_takes_what_its_card_names(file: Path) -> None:
    graph = graph_of(own(file), "mine", params={"power": 3}, references=(IMAGE, IMAGE), uploads=("a", "b"))
    assert graph["1"]["inputs"]["value"] == "a boat"
    assert graph["4"]["inputs"] == {"text": ["1", 0], "noise": 5, "other_noise": 5, "power": 3}
    assert [graph[node]["inputs"]["image"] for node in "23"] == ["a", "b"]
    assert graph["5"]["inputs"]["filename_prefix"] == "mine-tsk_1"


def test_own_workflow_is_read_when_its_card_is_and_not_again(file: Path) -> None:
    adapter = own(file)
    file.unlink()
    assert graph_of(adapter, "mine")["4"]["class_type"] == "Magic"


def test_own_workflow_stands_in_models_toml_beside_its_file(tmp_path: Path, file: Path) -> None:
    (tmp_path / "models.toml").write_text(
        """
        [[providers.comfyui.model]]
        id = "mine"
        params = { seed = true, power = { min = 0, max = 9 } }
        price = 0
        [providers.comfyui.model.wire]
        workflow = "flow.json"
        inputs = { prompt = "1.value", seed = ["4.noise", "4.other_noise"], power = "4.power" }
        """
    )
    registry = Registry([ComfyUI()])
    add_models(registry, tmp_path / "models.toml", of_workspace=False)
    assert registry.problems == []
    adapter = registry.provider("comfyui")
    assert isinstance(adapter, ComfyUI)
    assert registry.card("comfyui:mine").free
    assert graph_of(adapter, "mine", params={"power": 3})["4"]["inputs"]["power"] == 3
    assert graph_of(adapter, "any.safetensors")["4"]["inputs"]["ckpt_name"] == "any.safetensors"


def test_workspaces_models_toml_reads_no_file_outside_and_changes_no_model(tmp_path: Path, file: Path) -> None:
    inside = tmp_path / "ws"
    inside.mkdir()
    model = 'model = [{ id = "x", wire = { workflow = "../flow.json", inputs = { prompt = "1.value" } } }]'
    (inside / "models.toml").write_text(
        f'[providers.mine]\nprotocol = "comfyui"\nbase_url = "http://127.0.0.1:9"\n{model}\n'
        f"[providers.comfyui]\n{model}\n"
    )
    registry = Registry([ComfyUI()])
    before = registry.cards()
    add_models(registry, inside / "models.toml", of_workspace=True)
    assert len(registry.problems) == 2
    assert registry.cards() == before


@pytest.mark.parametrize(
    ("text", "words"),
    [(None, "cannot be read"), ("{", "cannot be read"), ("[]", "no graph"), ('{"nodes": [], "links": []}', "API"),
     ('{"1": {"inputs": {}}}', "no graph")],
)  # fmt: skip
def test_file_that_is_no_workflow_is_said_at_once(tmp_path: Path, text: str | None, words: str) -> None:
    path = tmp_path / "flow.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(BadParams, match=words):
        own(path)


def test_place_that_the_workflow_does_not_have_is_named(file: Path) -> None:
    with pytest.raises(BadRequest, match=r"no node for '9\.value'"):
        graph_of(own(file, inputs={"prompt": "9.value"}), "mine")


def test_param_without_a_place_is_never_dropped(file: Path) -> None:
    with pytest.raises(BadRequest, match="no place for power"):
        graph_of(own(file, inputs={"prompt": "1.value", "seed": "4.noise"}), "mine", params={"power": 2})


def test_image_is_taken_from_the_named_node_else_from_what_is_kept(file: Path) -> None:
    def image(name: str, kind: str) -> dict[str, Any]:
        return {"images": [{"filename": name, "subfolder": "", "type": kind}]}

    body = {"j": entry("success", {"6": image("p", "temp"), "5": image("o", "output"), "8": {"text": ["x"]}})}
    answer = WireAnswer(status=200, content=json.dumps(body).encode())
    for adapter, model, name in ((own(file), "mine", "o"), (ComfyUI(), "x", "o"),
                                 (own(file, output="6"), "mine", "p")):  # fmt: skip
        ready = adapter.read_fetch(answer, RemoteHandle(remote_id="j", model=model))
        assert isinstance(ready, Ready)
        request = adapter.build_download(ready, HERE)
        assert request.url.startswith(f"http://127.0.0.1:8188/view?filename={name}&")
    with pytest.raises(RemoteFailed, match="Node 7"):
        own(file, output="7").read_fetch(answer, RemoteHandle(remote_id="j", model="mine"))


# ── The queue ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_place_in_line_goes_by_number_not_by_where_it_stands() -> None:
    body = {"queue_running": [[1, "a"]], "queue_pending": [[9, "c"], [4, "ours"], [2, "b"]]}
    answer = WireAnswer(status=200, content=json.dumps(body).encode())

    def read(job: str) -> Any:
        return ComfyUI().read_poll(answer, RemoteHandle(remote_id=job))

    assert read("ours") == Working(queue_position=2)
    assert read("a") == Working()
    assert read("gone") == Done()


def test_submit_without_an_answer_is_cancelled_by_the_tasks_name() -> None:
    delete, interrupt = ComfyUI().build_cancel(RemoteHandle(remote_id="tsk_1"), HERE)
    assert delete.json_body == {"delete": [job_of("tsk_1")]}
    assert interrupt.json_body == {"prompt_id": job_of("tsk_1")}
    assert job_of(job_of("tsk_1")) == job_of("tsk_1")
