"""What most commands begin and end with: the settings, the open engine, and what to type next."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from guanxi.engine import Engine
    from guanxi.settings import Settings


def settings_of(**flags: object) -> "Settings":
    """Return the settings in force; a flag that is None was not given."""
    from guanxi.settings import load_settings

    return load_settings(**flags)


@contextmanager
def opened(store: str | None, *, create: bool = False, patient: bool = False) -> Iterator["Engine"]:
    """Open the engine on a store, and close it at the end; a patient one lets Neo4j go away for half a minute."""
    from guanxi.engine import Engine

    settings = settings_of(store=store)
    target = settings.neo4j()
    neo4j = target.patient() if target and patient else target
    with closing(Engine(settings.store, create=create, neo4j=neo4j, privacy=settings.privacy)) as engine:
        yield engine


def say_next(commands: str, store: str | None, *, hush: bool) -> None:
    """Say what may be typed next, on the same store; ``commands`` are divided by commas."""
    from guanxi.cli.arguments import with_store
    from guanxi.cli.output import say

    if not hush:
        say("Next: " + ", ".join(with_store(command, store) for command in commands.split(", ")))
