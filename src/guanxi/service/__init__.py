"""The HTTP API: a thin face of the engine. ``docs/api.md`` describes it."""

from guanxi.service.app import app_factory, create_app
from guanxi.service.serving import serve

__all__ = ["app_factory", "create_app", "serve"]
