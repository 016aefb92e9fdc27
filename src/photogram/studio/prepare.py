"""From what the user wrote to what is sent: every check before anything is written."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from numbers import Integral
from typing import Any

from ..domain.asset import Asset
from ..domain.card import ModelCard
from ..domain.ids import new_id
from ..domain.params import ParamKind, ParamSpec, show
from ..domain.prompt import clean_prompt
from ..domain.task import TaskStatus
from ..errors import BadParams
from ..store.batches import NewTask

MAX_IMAGES = 50
"""Images of one batch."""

_N = ParamSpec(name="n", kind=ParamKind.INT, min=1, max=MAX_IMAGES)

DEFAULT_MAX_SEED = 2**32 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A checked call.

    Attributes:
        prompt: Cleaned.
        requested: What the user asked for, as JSON values.
        tasks: One per image, seeds and all params settled.
    """

    prompt: str
    requested: Mapping[str, Any]
    tasks: Sequence[NewTask]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """What images may cost, before anything is sent.

    Attributes:
        n: How many images.
        total_usd: Price of all of them in US dollars; None where the model's price is unknown.
        cost_source: free, estimated or unknown.
        model: Address of the model, where it is one.
        balance_coins: What the wallet holds, where that was asked.
    """

    n: int
    total_usd: float | None
    cost_source: str
    model: str = ""
    balance_coins: float | None = None

    @property
    def per_image_usd(self) -> float | None:
        """Price of one image in US dollars."""
        return None if self.total_usd is None else self.total_usd / self.n

    @property
    def total_coins(self) -> float | None:
        """Price of all images in coins (1 coin = US$ 0.001)."""
        return None if self.total_usd is None else self.total_usd * 1000

    @classmethod
    def of(cls, card: ModelCard, plan: Plan, *, have_micros: int, references: Sequence[Asset] = ()) -> Quote:
        """Returns what a plan's images may cost.

        Args:
            card: The model.
            plan: The checked call.
            have_micros: What the wallet holds, in micro-dollars.
            references: The input images.
        """
        n, price = len(plan.tasks), card.estimate_micros(plan.tasks[0].params, references)
        source = "unknown" if price is None else "estimated" if price else "free"
        total_usd = None if price is None else price * n / 1e6
        return cls(n=n, total_usd=total_usd, cost_source=source, model=card.address, balance_coins=have_micros / 1000)


def plan_batch(
    card: ModelCard, prompt: str, n: int, references: Sequence[Any], params: Mapping[str, Any], *, mask: Any = None
) -> Plan:
    """Checks a call and settles everything that is sent; what is held for it follows, once its references are known.

    Args:
        card: The model.
        prompt: As the user wrote it.
        n: How many images, 1–50.
        references: The input images.
        params: By the ecosystem's names; None means "not given".
        mask: Where to change the first input image, or None.

    Raises:
        EmptyPrompt: There is no prompt.
        BadParams: With every problem at once.
    """
    problems: list[str] = []
    try:
        prompt = clean_prompt(prompt, max_length=card.max_prompt)
    except BadParams as error:
        problems += error.problems
    n, problem = _N.check(n)
    if problem:
        problems.append(problem)
    given = {name: value for name, value in params.items() if value is not None}
    if mask is not None and not references:
        problems.append("mask says where to change a reference: give that in images")
    try:
        images = {"images": references} if references else {}
        checked = card.check(given | images | ({"mask": [mask]} if mask is not None else {}))
    except BadParams as error:
        problems += error.problems
    if problems:
        raise BadParams(problems, model=card.address)
    requested = {name: checked.get(name, _as_written(value)) for name, value in given.items()}
    checked.pop("images", None)
    checked.pop("mask", None)
    seeds = settle_seeds(card, checked.pop("seed", None), n)
    tasks = [
        NewTask(id=new_id("tsk"), generation_id=new_id("gen"), idx=idx, seed=seed, params=checked)
        for idx, seed in enumerate(seeds)
    ]
    return Plan(prompt=prompt, requested=requested, tasks=tasks)


def hold_for(card: ModelCard, plan: Plan, references: Sequence[Asset]) -> list[NewTask]:
    """Returns a plan's tasks with what is held for each: what it may cost at most."""
    return [replace(task, hold_micros=card.estimate_micros(task.params, references) or 0) for task in plan.tasks]


def _as_written(value: Any) -> Any:
    """Returns a size or side that is sent in another form, as a plain value."""
    return int(value) if isinstance(value, Integral) else str(value)


_FILTERS = (
    ParamSpec(name="limit", kind=ParamKind.INT, min=0),
    ParamSpec(name="starred", kind=ParamKind.BOOL),
    ParamSpec(name="search", kind=ParamKind.TEXT),
    ParamSpec(name="model", kind=ParamKind.TEXT),
)


def check_filters(**given: Any) -> None:
    """Checks what narrows a reading: limit, starred, search, model, status; None means "not given".

    Raises:
        BadParams: With every problem at once.
    """
    problems = [spec.check(given[spec.name])[1] for spec in _FILTERS if given.get(spec.name) is not None]
    status = given.get("status")
    known = [str(one) for one in TaskStatus]
    wanted = (
        [] if status is None else [status] if isinstance(status, str) or not isinstance(status, Iterable) else status
    )
    problems += [f"status must be one of {', '.join(known)}, not {show(one)}" for one in wanted if one not in known]
    if found := [problem for problem in problems if problem]:
        raise BadParams(found)


def check_seconds(name: str, given: Any, *, above_zero: bool = False) -> float | None:
    """Returns a number of seconds; None means "not given".

    Raises:
        BadParams: It is no number, or below 0.
    """
    if given is None:
        return None
    seconds, problem = ParamSpec(name=name, kind=ParamKind.FLOAT, min=0, unit="s").check(given)
    if not problem and above_zero and not seconds:
        problem = f"{name} must be above 0 s"
    if problem:
        raise BadParams([problem])
    return float(seconds)


def settle_seeds(card: ModelCard, seed: int | None, n: int) -> list[int | None]:
    """Returns every image's own seed: the user's, +1, +2, … (or from a random one on), wrapped at the largest."""
    if not card.seeded:
        return [None] * n
    spec = card.specs.get("seed")
    largest = int(spec.max) if spec and spec.max is not None else DEFAULT_MAX_SEED
    first = random.randint(0, min(largest, 2**31 - 1)) if seed is None else seed
    return [(first + step) % (largest + 1) for step in range(n)]
