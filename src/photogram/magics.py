"""The magics: `%load_ext photogram` gives `%%imagine` and `%%photosql`."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import BadParams, QueryRefused

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell
    from pandas import DataFrame

    from .studio import Batch, Studio


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Adds the magics to a session; IPython calls it for `%load_ext photogram`."""
    shell.register_magic_function(_with_shell(shell, imagine), "cell", "imagine")
    shell.register_magic_function(_with_shell(shell, photosql), "line_cell", "photosql")


def imagine(shell: InteractiveShell, line: str, cell: str) -> Batch:
    """Makes pictures from the text of the cell and shows them as they come.

    `%%imagine [-m MODEL] [-n N] [--seed S] [--size WxH] [--aspect-ratio A:B] [--topic T] [--image FILE]
    [-p name=value]`, then the prompt.

    Uses the session's `studio` if there is one.

    Raises:
        BadParams: An option is unknown or wrong.
    """
    options = _read_line(line)
    named = {name: getattr(options, name) for name in ("seed", "size", "aspect_ratio")}
    params = {name: value for name, value in named.items() if value is not None} | dict(options.params)
    return _studio_of(shell).generate(
        cell,
        model=options.model,
        n=options.n,
        topic=options.topic,
        images=options.images or None,
        dry_run=False,
        **params,
    )


def photosql(shell: InteractiveShell, line: str, cell: str | None = None) -> DataFrame:
    """Returns the rows of one SELECT over the history as a DataFrame.

    `%%photosql`, then the query; or `%photosql SELECT …` on one line.

    Raises:
        QueryRefused: It is not one SELECT over the documented views.
    """
    query = f"{line}\n{cell or ''}".strip()
    if not query:
        raise QueryRefused("There is no query.", next_step="Write one SELECT, such as: select * from history")
    return _studio_of(shell).sql(query)


def _with_shell(shell: InteractiveShell, magic: Any) -> Any:
    def run(line: str, cell: str | None = None) -> Any:
        return magic(shell, line, cell)

    run.__doc__ = magic.__doc__
    return run


def _studio_of(shell: InteractiveShell) -> Studio:
    """Returns the session's `studio`; makes one and names it so where there is none."""
    from .studio import Studio

    found = shell.user_ns.get("studio")
    if not isinstance(found, Studio):
        found = Studio()
        shell.user_ns.setdefault("studio", found)
    return found


class _LineParser(argparse.ArgumentParser):
    """Complains with an exception that a cell shows well, instead of ending the kernel."""

    def error(self, message: str) -> Any:
        raise BadParams([f"%%imagine: {message}"])


def _read_line(line: str) -> argparse.Namespace:
    parser = _LineParser(prog="%%imagine", add_help=False)
    parser.add_argument("-m", "--model")
    parser.add_argument("-n", type=int, default=1)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--size")
    parser.add_argument("--aspect-ratio")
    parser.add_argument("--topic")
    parser.add_argument("--image", dest="images", type=Path, action="append", default=[])
    parser.add_argument("-p", "--param", dest="params", type=_named_value, action="append", default=[])
    try:
        return parser.parse_args(shlex.split(line))
    except ValueError as error:  # an open quote
        raise BadParams([f"%%imagine: {error}"]) from error


def _named_value(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise argparse.ArgumentTypeError(f"is written name=value, not {text!r}")
    return name.strip().replace("-", "_"), value
