"""`photogram history`, `photogram sql` and `photogram models`: questions that are answered with a list."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

from .options import add_common, count, text_or_stdin
from .output import print_frame

if TYPE_CHECKING:
    from argparse import _SubParsersAction

STATUSES = ("pending", "processing", "success", "error", "cancelled", "lost")
_OF_MODELS = ["model", "title", "params", "price_usd", "key_present", "retires_on", "successor", "origin"]
_SHOWN = ["created_at", "topic_title", "prompt", "model", "seed", "status", "cost_usd", "path"]


def add_to(commands: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the three commands."""
    history = commands.add_parser("history", help="list the images that were made", description=show_history.__doc__)
    history.add_argument("--search", metavar="WORDS", help="only prompts that contain these words")
    history.add_argument("--topic", metavar="TOPIC", help="only this topic (its title or id)")
    history.add_argument("--status", choices=STATUSES, help="only images of this status")
    history.add_argument("-m", "--model", help="only images of this model")
    history.add_argument("--limit", type=count, default=50, metavar="N", help="the newest N images (default: 50)")
    add_common(history)
    history.set_defaults(run=show_history)

    sql = commands.add_parser("sql", help="ask the history anything in SQL", description=run_sql.__doc__)
    sql.add_argument(
        "query", metavar="SELECT", help="one SELECT, such as 'select model, count(*) from history group by 1'"
    )
    add_common(sql)
    sql.set_defaults(run=run_sql)

    models = commands.add_parser("models", help="list the models", description=show_models.__doc__)
    add_common(models)
    models.set_defaults(run=show_models)


def show_history(options: argparse.Namespace) -> int:
    """Lists the newest images with prompt, model, seed, status, cost and file."""
    from .. import Studio

    with Studio(options.workspace) as studio:
        frame = studio.df(
            search=options.search,
            topic=options.topic,
            status=options.status,
            model=options.model,
            limit=options.limit,
        )
    if options.json:
        shown = frame.assign(
            params=[json.loads(params) if isinstance(params, str) else params for params in frame["params"]]
        )
    else:
        shown = frame[_SHOWN]
    print_frame(shown, as_json=options.json, empty='No images yet: photogram generate "a lighthouse at dusk"')
    return 0


def run_sql(options: argparse.Namespace) -> int:
    """Runs one SELECT over the documented views and prints its rows; `-` reads it from stdin."""
    from .. import Studio

    with Studio(options.workspace) as studio:
        frame = studio.sql(text_or_stdin(options.query))
    print_frame(frame, as_json=options.json, empty="No rows.")
    return 0


def show_models(options: argparse.Namespace) -> int:
    """Lists every model with its parameters and price, also those without a key."""
    from .. import Studio

    with Studio(options.workspace) as studio:
        frame = studio.models()
    if not options.json:
        frame = frame.assign(params=[", ".join(map(str, params)) for params in frame["params"]])[_OF_MODELS]
    print_frame(frame, as_json=options.json, empty="No models.")
    return 0
