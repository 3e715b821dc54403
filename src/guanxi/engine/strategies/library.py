"""Which strategies there are. A name and version stand for the same parameters for good, so that runs can name them."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from guanxi.engine.options import CUSTOM, Strategy
from guanxi.engine.strategies.documents import as_document, read_strategy
from guanxi.errors import ConflictError, FieldError, UnknownIdError
from guanxi.events.values import isoformat
from guanxi.stores import GraphStore, StrategyRecord


@dataclass(frozen=True, slots=True)
class Listed:
    """One version of a strategy; ``created_us`` is None for one that comes with Guanxi."""

    strategy: Strategy
    created_us: int | None = None

    @property
    def is_shipped(self) -> bool:
        """Whether it comes with Guanxi."""
        return self.created_us is None

    def summary(self) -> dict[str, Any]:
        """What it is and where it comes from, without its parameters."""
        return {
            "name": self.strategy.name,
            "version": self.strategy.version,
            "description": self.strategy.description,
            "shipped": self.is_shipped,
            "created": None if self.created_us is None else isoformat(self.created_us),
        }


@cache
def shipped() -> tuple[Strategy, ...]:
    """Every version of the strategies that come with Guanxi, by name and version."""
    found = (read_strategy(path) for path in Path(__file__).parent.glob("*.toml"))
    return tuple(sorted(found, key=lambda strategy: (strategy.name, strategy.version)))


def listed(store: GraphStore | None = None) -> list[Listed]:
    """Every version of every strategy, by name and version; those of a store, too, where one is given."""
    kept = [Listed(_strategy(record), record.created_us) for record in (store.strategies() if store else ())]
    by_label = {of.strategy.label: of for of in (*kept, *map(Listed, shipped()))}
    return sorted(by_label.values(), key=lambda of: (of.strategy.name, of.strategy.version))


def versions_of(name: str, store: GraphStore | None = None) -> list[Listed]:
    """Every version of one strategy, oldest first.

    Raises
    ------
    UnknownIdError
        If no strategy has this name.
    """
    every = listed(store)
    found = [of for of in every if of.strategy.name == name]
    if not found:
        names = dict.fromkeys(of.strategy.name for of in every)
        raise UnknownIdError(f"strategy {name!r} is not one of {', '.join(names)}")
    return found


def find(label: str, store: GraphStore | None = None) -> Listed:
    """Return a strategy by its name, which stands for the newest version, or by ``name@version``.

    Raises
    ------
    UnknownIdError
        If there is none.

    Examples
    --------
    >>> find("balanced").strategy == find("balanced@1").strategy == Strategy()
    True
    """
    name, at, _ = label.partition("@")
    versions = versions_of(name, store)
    if not at:
        return versions[-1]
    labels = {of.strategy.label: of for of in versions}
    if label not in labels:
        raise UnknownIdError(f"strategy {label!r} is not one of {', '.join(labels)}")
    return labels[label]


def described(label: str, store: GraphStore | None = None) -> dict[str, Any]:
    """One version of a strategy with its parameters, and which versions there are; raises as ``find``."""
    found = find(label, store)
    versions = [of.summary() for of in versions_of(found.strategy.name, store)]
    history = [{"version": of["version"], "created": of["created"]} for of in versions]
    return {**found.summary(), **as_document(found.strategy), "versions": history}


def is_known(strategy: Strategy, store: GraphStore | None = None) -> bool:
    """Whether a strategy is shipped or kept already; False: its name and version are free.

    Raises
    ------
    ConflictError
        If its name and version stand for other parameters, or its name is that of a strategy that comes with Guanxi.
    FieldError
        If its name is ``custom``.
    """
    if strategy.name == CUSTOM:
        raise FieldError(f"name is {CUSTOM!r}, which is what runs with changed parameters are called", "name")
    same = next((of for of in listed(store) if of.strategy.label == strategy.label), None)
    if same is not None:
        _agree(same, strategy)
        return True
    if any(strategy.name == of.name for of in shipped()):
        raise ConflictError(f"strategy {strategy.name} comes with Guanxi, which makes its versions; use another name")
    return False


def keep(strategy: Strategy, store: GraphStore, *, now_us: int) -> bool:
    """Keep a strategy in a store, on disk when this returns; whether it was new.

    Raises
    ------
    ConflictError, FieldError
        As ``is_known``.
    ParameterError
        If a seed was erased from the store.
    """
    if is_known(strategy, store):
        return False
    text = strategy.to_json()
    record = StrategyRecord(strategy.name, strategy.version, strategy.description, text, now_us)
    # Where another process was first, what it kept decides.
    return store.add_strategy(record) or keep(strategy, store, now_us=now_us)


def _agree(known: Listed, strategy: Strategy) -> None:
    """Refuse another strategy under a known name and version; one without a description does not contradict one."""
    there, here = dict(_flat(as_document(known.strategy))), dict(_flat(as_document(strategy)))
    if not strategy.description:
        here["description"] = there["description"]
    differing = [name for name in {**there, **here} if there.get(name) != here.get(name)]
    if differing:
        where = "comes with Guanxi" if known.is_shipped else "was defined before"
        way_out = "another name" if known.is_shipped else "another version"
        name = differing[0]
        said = f"where {name} is {there.get(name)!r}, not {here.get(name)!r}"
        raise ConflictError(f"strategy {strategy.label} {where}, {said}; give this one {way_out}")


def _flat(value: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, object]]:
    """Fields with the paths that lead to them."""
    for name, inner in value.items():
        if isinstance(inner, dict):
            yield from _flat(inner, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", inner


def _strategy(record: StrategyRecord) -> Strategy:
    return Strategy.from_json(record.parameters, description=record.description)
