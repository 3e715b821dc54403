"""What most commands begin and end with: the settings, the open engine, and what to type next."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from guanxi.engine import Engine, View
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
    secret, privacy = settings.secret_of_seeds(), settings.privacy
    engine = Engine(
        settings.store,
        create=create,
        neo4j=neo4j,
        privacy=privacy,
        past_kept=settings.past_runs,
        seed_secret=secret,
    )
    with closing(engine):
        yield engine


def view_of(engine: "Engine", as_of: str | None, *, hush: bool) -> "View":
    """The view to answer from; one of the past is computed here if it is not kept, and says what it leaves out."""
    from guanxi.cli.output import say, spinner

    if as_of is None:
        return engine.view()
    with spinner(f"Computing scores as of {as_of}", quiet=hush):
        view = engine.view(as_of=as_of)
    if not hush:
        for line in _about_the_past(view):
            say(line)
    return view


def _about_the_past(view: "View") -> Iterator[str]:
    """What a person should know before reading an answer as of a past moment."""
    from guanxi.events.values import isoformat

    past = view.past
    if past is None:
        return
    moment = isoformat(past.moment)
    if past.n_events:
        yield f"As of {moment}, from {past.n_events:,} {'event' if past.n_events == 1 else 'events'}."
    else:
        yield f"As of {moment} nothing was known: no event is of that time or before it."
    if past.n_undated:
        what, whom = left_out(past.n_undated)
        yield f"{what}: nothing shows that {whom} known then."


def left_out(n_undated: int) -> tuple[str, str]:
    """How to say that events without a time do not count, and the beginning of why."""
    if n_undated == 1:
        return "1 event without a time is left out", "it was"
    return f"{n_undated:,} events without a time are left out", "they were"


def say_next(commands: str, store: str | None, *, hush: bool) -> None:
    """Say what may be typed next, on the same store; ``commands`` are divided by commas."""
    from guanxi.cli.arguments import with_store
    from guanxi.cli.output import say

    if not hush:
        say("Next: " + ", ".join(with_store(command, store) for command in commands.split(", ")))
