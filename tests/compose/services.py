"""docker-compose.yml brought up under a name and on ports of its own."""

import json
import os
import secrets
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PROJECT = "guanxi-test"
HEALTHY_TIMEOUT_S = 180.0
COMMAND_TIMEOUT_S = 180.0
SERVICES = ("api", "neo4j")


def compose_command() -> list[str]:
    """Version 2 of docker compose where it is installed, else version 1."""
    plug_in = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False)
    if plug_in.returncode == 0:
        return ["docker", "compose"]
    if shutil.which("docker-compose"):
        return ["docker-compose"]
    raise RuntimeError("there is neither `docker compose` nor `docker-compose`; run `make test-compose`")


def free_ports(n_ports: int) -> list[int]:
    """Ports that nobody listens on; held together while they are chosen, so that they differ."""
    probes = [socket.socket() for _ in range(n_ports)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()


@dataclass(slots=True)
class Services:
    """The two services, from outside: commands of docker compose, and requests."""

    key: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    neo4j_password: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    ports: list[int] = field(default_factory=lambda: free_ports(3))
    command: list[str] = field(default_factory=compose_command)
    files: list[Path] = field(default_factory=lambda: [ROOT / "docker-compose.yml"])

    @property
    def environment(self) -> dict[str, str]:
        api, http, bolt = map(str, self.ports)
        return {
            "GUANXI_API_KEY": self.key,
            "NEO4J_PASSWORD": self.neo4j_password,
            "GUANXI_PUBLISHED_PORT": api,
            "NEO4J_PUBLISHED_HTTP_PORT": http,
            "NEO4J_PUBLISHED_BOLT_PORT": bolt,
        }

    @property
    def bolt_uri(self) -> str:
        return f"bolt://127.0.0.1:{self.ports[2]}"

    @property
    def _named_files(self) -> list[str | Path]:
        return [part for file in self.files for part in ("-f", file)]

    # -- docker compose ------------------------------------------------------------------------------------------------

    def compose(self, *arguments: str, check: bool = True) -> str:
        """Run docker compose; its standard output."""
        done = subprocess.run(
            [*self.command, "-p", PROJECT, "--project-directory", ROOT, *self._named_files, *arguments],
            cwd=ROOT,
            env=os.environ | self.environment,
            capture_output=True,
            text=True,
            timeout=COMMAND_TIMEOUT_S,
            check=False,
        )
        if check and done.returncode != 0:
            raise RuntimeError(f"docker compose {' '.join(arguments)} ended with {done.returncode}: {done.stderr}")
        return done.stdout

    def up(self, *services: str) -> None:
        """Bring some up, or both, and wait until they are healthy."""
        self.compose("up", "-d", "--no-build", "--no-deps", *services)
        for service in services or SERVICES:
            self.wait_healthy(service)

    def run_inside(self, *arguments: str, service: str = "api") -> str:
        """Run a command in a service's container."""
        return self.compose("exec", "-T", service, *arguments)

    def health(self, service: str) -> str:
        return self.inspect(service, "{{.State.Health.Status}}")

    def inspect(self, service: str, form: str) -> str:
        """What Docker knows of a service's container, in a form of its templates."""
        container = self.compose("ps", "-q", service).strip()
        shown = subprocess.run(
            ["docker", "inspect", "--format", form, container], capture_output=True, text=True, check=True
        )
        return shown.stdout.strip()

    def wait_healthy(self, service: str) -> None:
        give_up = time.monotonic() + HEALTHY_TIMEOUT_S
        while (health := self.health(service)) != "healthy":
            if time.monotonic() > give_up:
                logs = self.compose("logs", "--tail", "30", service, check=False)
                raise RuntimeError(f"{service} is {health} after {HEALTHY_TIMEOUT_S:g} s; its log ends with:\n{logs}")
            time.sleep(0.5)

    # -- the API -------------------------------------------------------------------------------------------------------

    def ask(self, path: str, *, body: Any = None, key: str | None = None) -> tuple[int, dict[str, Any]]:
        """One request: GET, or POST where there is a body; its status and JSON."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.ports[0]}{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.key if key is None else key}", "Content-Type": "application/json"},
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=10) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, json.load(refused)

    def get(self, path: str) -> dict[str, Any]:
        """What a GET answers, which must be 200."""
        status, answer = self.ask(path)
        if status != 200:
            raise RuntimeError(f"GET {path} answered {status}: {answer}")
        return answer
