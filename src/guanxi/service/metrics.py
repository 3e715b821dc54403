"""Prometheus metrics. With several workers ``serve`` gives them a folder to share, and any one answers for all."""

import os
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

SHARED_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
METHODS = ("GET", "POST", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS")

_REGISTRY = CollectorRegistry()
_DURATION = Histogram(
    "http_server_request_duration_seconds",
    "Time from the first byte of a request's headers to the end of its answer",
    ("method", "route", "status"),
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
    registry=_REGISTRY,
)
_INGESTED = Counter(
    "guanxi_ingest_events_total",
    "Events by relation type and what became of them",
    ("type", "result"),
    registry=_REGISTRY,
)
_REFRESHES = Counter(
    "guanxi_refreshes_total",
    "Rounds of --refresh-every that published a run, or failed and are tried again",
    ("result",),
    registry=_REGISTRY,
)


@dataclass(frozen=True, slots=True)
class Gauges:
    """What is measured when somebody asks; None: not known now."""

    accounts: int | None
    edges: int | None
    snapshot_age_s: float | None
    up: Mapping[str, bool]
    outbox_lag: int | None = None


def observe(method: str, route: str, status: int, seconds: float) -> None:
    """Count an answered request."""
    _DURATION.labels(method if method in METHODS else "other", route, str(status)).observe(seconds)


def ingested(type_: str, result: str) -> None:
    """Count an event."""
    _INGESTED.labels(type_, result).inc()


def refreshed(result: Literal["published", "failed"]) -> None:
    """Count a round that took new events in, or could not."""
    _REFRESHES.labels(result).inc()


def exposition(gauges: Gauges) -> bytes:
    """All metrics as Prometheus text."""
    registry = CollectorRegistry()
    registry.register(_Measured(gauges))
    if os.environ.get(SHARED_FOLDER):
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry)
    return generate_latest(_REGISTRY) + generate_latest(registry)


class _Measured(Collector):
    def __init__(self, gauges: Gauges) -> None:
        self._gauges = gauges

    def collect(self) -> Iterable[Metric]:
        """The gauges that have a value."""
        return list(self._families())

    def _families(self) -> Iterator[Metric]:
        rows = (
            ("guanxi_graph_accounts", "Accounts in the snapshot in use", self._gauges.accounts),
            ("guanxi_graph_edges", "Edges of all relation types in the snapshot in use", self._gauges.edges),
            ("guanxi_snapshot_age_seconds", "Since the snapshot in use was built", self._gauges.snapshot_age_s),
            ("guanxi_outbox_lag_events", "Events in the log that Neo4j does not have yet", self._gauges.outbox_lag),
        )
        for name, text, value in rows:
            if value is not None:
                yield GaugeMetricFamily(name, text, value=value)
        up = GaugeMetricFamily("guanxi_store_up", "Whether the store answers", labels=("store",))
        for store, answers in self._gauges.up.items():
            up.add_metric((store,), float(answers))
        yield up


def age_s(built_at: float) -> float:
    """Seconds since a time that the file system gave."""
    return max(0.0, time.time() - built_at)
