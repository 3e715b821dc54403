"""Logs on standard error: JSON lines, or text for people. What the engine and the server say goes the same way."""

import logging
import sys

import structlog
from structlog.typing import Processor

from guanxi.errors import ParameterError

LEVELS = ("debug", "info", "warning", "error")


def configure_logs(level: str, *, as_json: bool) -> None:
    """Set up logging for this process.

    Raises
    ------
    ParameterError
        If the level is not one of ``LEVELS``.
    """
    if level.lower() not in LEVELS:
        raise ParameterError(f"log_level is {level!r}, not one of {', '.join(LEVELS)}")
    shared: list[Processor] = [
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_formatter(shared, as_json=as_json))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())


def _formatter(shared: list[Processor], *, as_json: bool) -> logging.Formatter:
    renderers: list[Processor] = [structlog.dev.ConsoleRenderer(colors=False)]
    if as_json:
        renderers = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderers],
    )
