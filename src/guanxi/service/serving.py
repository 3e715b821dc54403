"""The server: processes that share a port, the store's files and their metrics."""

import json
import multiprocessing
import os
import socket
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable

from guanxi.engine import Engine
from guanxi.errors import ParameterError
from guanxi.service.access import is_loopback
from guanxi.service.logs import configure_logs
from guanxi.service.metrics import SHARED_FOLDER
from guanxi.settings import Settings

HEADER_TIMEOUT_MS = 5000
STOP_TIMEOUT_S = 30
_START_TIMEOUT_S = 300.0
_SECRETS = ("api_key", "neo4j_password")


def serve(settings: Settings, *, ready: Callable[[str], None] | None = None) -> None:
    """Serve the API until a signal (SIGINT, SIGTERM) ends it; what is being answered is finished first.

    Parameters
    ----------
    settings : Settings
        Worker processes get them through the environment.
    ready : callable, optional
        Called with the server's address once it answers.

    Raises
    ------
    ParameterError
        If it would listen beyond this machine without any key, or the address cannot be listened on.
    StoreError
        If the store cannot be opened.
    """
    configure_logs(settings.log_level, as_json=settings.log_json)
    _check_store(settings)
    port = _free_port(settings.host, settings.port)
    _export(settings)
    # A fork would take along threads and connections of whatever this process did before.
    multiprocessing.set_start_method("spawn", force=True)
    with tempfile.TemporaryDirectory(prefix="guanxi-metrics-") as shared:
        os.environ[SHARED_FOLDER] = shared
        if ready is not None:
            threading.Thread(target=_tell, args=(settings.host, port, ready), daemon=True).start()
        _run(settings, port)


def _run(settings: Settings, port: int) -> None:
    from granian import Granian  # noqa: PLC0415 - after the start method is set
    from granian.constants import HTTPModes, Interfaces  # noqa: PLC0415
    from granian.http import HTTP1Settings  # noqa: PLC0415
    from granian.log import LogLevels  # noqa: PLC0415

    Granian(
        "guanxi.service:app_factory",
        address=settings.host,
        port=port,
        interface=Interfaces.ASGI,
        workers=settings.workers,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=HEADER_TIMEOUT_MS),
        websockets=False,
        log_access=False,
        log_level=LogLevels.warning,
        log_dictconfig={"handlers": {}, "loggers": {"_granian": {"propagate": True}, "granian.access": {}}},
        respawn_failed_workers=True,
        workers_kill_timeout=STOP_TIMEOUT_S,
        factory=True,
    ).serve()


def _check_store(settings: Settings) -> None:
    """Make the store where there is none, and refuse to open it to strangers."""
    engine = Engine(settings.store, create=True, neo4j=settings.neo4j(), seed_secret=settings.secret_of_seeds())
    try:
        keys = engine.store.keys()
    finally:
        engine.close()
    usable = settings.secret_key() or any(key.revoked_us is None for key in keys)
    if not usable and not is_loopback(settings.host):
        raise ParameterError(
            f"host is {settings.host}, which others can reach, and there is no API key; make one with "
            "`guanxi keys create` or set GUANXI_API_KEY, or listen on 127.0.0.1"
        )


def _free_port(host: str, port: int) -> int:
    """The port to listen on, which for 0 is any free one; say so where it is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as exc:
            raise ParameterError(f"cannot listen on {host} port {port}: {exc.strerror or exc}") from exc
        return int(probe.getsockname()[1])


def _export(settings: Settings) -> None:
    """Put the settings into the environment, where the worker processes read them."""
    special = {"store", "public_relations", *_SECRETS, *(f"{name}_file" for name in _SECRETS)}
    values = settings.model_dump(exclude=special, exclude_none=True)
    texts = {name: json.dumps(value) if isinstance(value, bool) else str(value) for name, value in values.items()}
    texts |= {"store": str(settings.store.resolve()), "public_relations": json.dumps(sorted(settings.public_relations))}
    for name in _SECRETS:
        secret, file = getattr(settings, name), getattr(settings, f"{name}_file")
        texts |= {name: secret.get_secret_value()} if secret is not None else {}
        texts |= {f"{name}_file": str(file.resolve())} if file is not None else {}
    os.environ.update({f"GUANXI_{name.upper()}": text for name, text in texts.items()})


def _tell(host: str, port: int, ready: Callable[[str], None]) -> None:
    """Wait until the server answers, then say so."""
    local = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound
    address = f"http://[{local}]:{port}" if ":" in local else f"http://{local}:{port}"
    give_up = time.monotonic() + _START_TIMEOUT_S
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while time.monotonic() < give_up:
        try:
            with opener.open(f"{address}/livez", timeout=1):
                ready(address)
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
