"""`photogram generate`: one prompt, n images, a progress bar, and one JSON object for programs."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import BadParams
from .options import add_common, count, named_value, seconds, text_or_stdin
from .output import plain, print_json
from .pictures import copy_pictures
from .waiting import how_to_go_on, wait_for

if TYPE_CHECKING:
    from argparse import _SubParsersAction

    from ..studio import Batch, Generation, Studio


def add_to(commands: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command."""
    parser = commands.add_parser(
        "generate", help="make pictures from a prompt", description=generate.__doc__, epilog=_EXAMPLE
    )
    parser.add_argument("prompt", metavar="PROMPT", help="what to see; - reads it from stdin")
    parser.add_argument("-m", "--model", help="the model, as provider:model (see `photogram models`)")
    parser.add_argument("-n", type=count, default=1, metavar="N", help="how many images (default: 1)")
    parser.add_argument("--seed", type=int, metavar="S", help="seed of the first image; the next ones get S+1, S+2, …")
    parser.add_argument("--size", metavar="WxH", help="size in pixels, such as 1024x768")
    parser.add_argument("--width", type=int, metavar="W", help="width in pixels")
    parser.add_argument("--height", type=int, metavar="H", help="height in pixels")
    parser.add_argument("--aspect-ratio", metavar="A:B", help="proportions, such as 16:9")
    parser.add_argument(
        "-p", "--param", dest="params", type=named_value, action="append", default=[], metavar="name=value",
        help="any other parameter of the model; may be given several times",
    )  # fmt: skip
    parser.add_argument(
        "--image", dest="images", type=Path, action="append", default=[], metavar="FILE",
        help="a reference image; may be given several times",
    )  # fmt: skip
    parser.add_argument("--topic", metavar="T", help="title or id of the topic to put them in (default: a new one)")
    parser.add_argument("--out", type=Path, metavar="DIR", help="copy the pictures to this folder, too")
    parser.add_argument("--timeout", type=seconds, metavar="S", help="wait at most S seconds")
    add_common(parser)
    parser.set_defaults(run=generate)


_EXAMPLE = 'photogram generate "a lighthouse at dusk, watercolor" -n 4 --seed 7 --size 1024x768 --out pictures'


def generate(options: argparse.Namespace) -> int:
    """Makes pictures from a prompt and waits for them. Without --topic they get a new topic, titled from the prompt."""
    from .. import Studio

    prompt = text_or_stdin(options.prompt)
    params = read_params(options)
    with Studio(options.workspace) as studio:
        batch = _start(studio, prompt, params, options)
        try:
            in_time = wait_for([batch], timeout_s=options.timeout)
        except KeyboardInterrupt:
            raise KeyboardInterrupt(f"Interrupted. {how_to_go_on([batch])}") from None
        copies = copy_pictures(batch, options.out) if options.out else {}
        if options.json:
            print_json(describe(batch))
        else:
            print_ends(batch.generations, copies)
        if not in_time:
            print(f"photogram: the wait of {options.timeout:g} s ran out. {how_to_go_on([batch])}", file=sys.stderr)
        return 0 if all(generation.status == "success" for generation in batch) else 1


def read_params(options: argparse.Namespace) -> dict[str, Any]:
    """Returns the model's parameters as the user gave them.

    Raises:
        BadParams: One was given twice, or with the wrong option.
    """
    named = {name: getattr(options, name) for name in ("seed", "size", "width", "height", "aspect_ratio")}
    params = {name: value for name, value in named.items() if value is not None}
    problems = []
    for name, value in options.params:
        if name in ("prompt", "model", "n", "topic", "images", "image"):
            problems.append(f"-p {name}=… is not a parameter of a model: see photogram generate --help")
        elif name in params:
            problems.append(f"{name} is given twice")
        params[name] = value
    if problems:
        raise BadParams(problems)
    return params


def _start(studio: Studio, prompt: str, params: dict[str, Any], options: argparse.Namespace) -> Batch:
    images = options.images or None
    make = partial(studio.generate, model=options.model, n=options.n, images=images, dry_run=False, **params)
    if options.topic:
        return make(prompt, topic=options.topic)
    studio.generate(prompt, model=options.model, n=options.n, images=images, dry_run=True, **params)
    return make(prompt, topic=studio.new_topic(activate=False))  # only now; its first prompt names it


def describe(batch: Batch, images: Sequence[Generation] | None = None) -> dict[str, Any]:
    """Returns the batch and its images (or only these of them) as `--json` prints them."""
    return {
        "batch": {
            "id": batch.id,
            "topic_id": batch.topic_id,
            "model": batch.model,
            "prompt": batch.prompt,
            "params": dict(batch.params),
            "cost_usd": batch.cost_usd,
        },
        "generations": [_describe_one(generation) for generation in (batch if images is None else images)],
    }


def _describe_one(generation: Any) -> dict[str, Any]:
    asset, error = generation.asset, generation.error
    return {
        "id": generation.id,
        "status": str(generation.status),
        "seed": generation.seed,
        "path": str(generation.path) if asset else None,
        "width": asset.width if asset else None,
        "height": asset.height if asset else None,
        "mime": asset.mime if asset else None,
        "sha256": asset.sha256 if asset else None,
        "cost_usd": generation.cost_usd,
        "error": {
            "kind": error.kind,
            "message": error.message,
            "next_step": error.next_step,
            "task_id": error.task_id,
        }
        if error
        else None,
    }


def print_ends(images: Sequence[Generation], copies: Mapping[str, Path] | None = None) -> None:
    """Prints a line for each image: its status, and its file or what went wrong.

    Args:
        images: The images.
        copies: Where their files were copied to, by id.
    """
    for generation in images:
        record = generation.record
        head = f"{record.idx + 1}  {record.status:<10}"
        if record.error:
            print(f"{head}  {plain(record.error.message)} {plain(record.error.next_step)}".rstrip())
        elif record.asset and record.status == "success":
            seed = "" if record.seed is None else f"seed {record.seed}  "
            print(f"{head}  {seed}{(copies or {}).get(generation.id, generation.path)}")
        else:
            print(f"{head}  {plain(record.note or '')}".rstrip())
