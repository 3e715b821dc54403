"""The topics of items: which there are, and the option that answers take."""

from typing import Annotated

import typer

from guanxi.cli.opening import opened, view_of
from guanxi.cli.options import AsOfOption, JsonOption, LimitOption, StoreOption, account_id

TopicOption = Annotated[
    str | None,
    typer.Option(
        "--topic", metavar="TOPIC", callback=account_id, help="On what; see `guanxi topics`. Everything by default."
    ),
]


def topics(
    as_of: AsOfOption = None, store: StoreOption = None, limit: LimitOption = 10, as_json: JsonOption = False
) -> None:
    """List the topics with the most items.

    With how many accounts shared and bought those items.
    """
    from guanxi.cli import show_topics
    from guanxi.engine import topics as of_topics

    with opened(store) as engine:
        answer = of_topics.topics(view_of(engine, as_of, hush=as_json), limit=limit)
    show_topics.topics(*answer, as_json=as_json)
