"""The examples in docs/api.md and docs/openapi.json: asked again, compared, and, run as a program, written anew."""

import json
import re
import shlex
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from guanxi.service import create_app
from guanxi.settings import Settings
from service.running import make_store, serving

DOCS = Path(__file__).parents[2] / "docs"
_EXAMPLE = re.compile(
    r"<!-- example -->\n```console\n\$ (?P<curl>.*?)\n```\n(?:\n```json\n(?P<said>.*?)```\n)?", re.DOTALL
)
_VARIES = {"run", "snapshot", "recommendation_id", "created"}


def answered(client, curl):
    """Do what a curl command does."""
    _, *words = shlex.split(curl.replace("\\\n", " "))
    method, headers, body, url = None, {}, None, ""
    while words:
        word = words.pop(0)
        if word == "-H":
            name, _, value = words.pop(0).partition(": ")
            headers[name] = value
        elif word == "-X":
            method = words.pop(0)
        elif word in ("-d", "--data-binary"):
            body = words.pop(0)
        elif word != "-s":
            url = urlsplit(word)
    target = url.path + ("?" + url.query if url.query else "")
    return client.request(method or ("POST" if body else "GET"), target, headers=headers, content=body)


def examples(text):
    """Every example as (match, answer), asked in the order of the text."""
    with tempfile.TemporaryDirectory() as folder:
        make_store(Path(folder) / "store")
        with serving(Path(folder) / "store") as client:
            return [(found, answered(client, found["curl"]).json()) for found in _EXAMPLE.finditer(text)]


def steady(value):
    """An answer without what changes with every change of an algorithm: hashes, and the last digits of numbers."""
    if isinstance(value, dict):
        varies = {key for key, inner in value.items() if key in _VARIES and isinstance(inner, str)}
        return {key: "…" if key in varies else steady(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [steady(inner) for inner in value]
    return round(value, 9) + 0.0 if isinstance(value, float) else value


def rewritten(text):
    """The text with the answers of now."""
    for found, answer in reversed(examples(text)):
        said = json.dumps(steady(answer), ensure_ascii=False, indent=2)
        block = f"<!-- example -->\n```console\n$ {found['curl']}\n```\n\n```json\n{said}\n```\n"
        text = text[: found.start()] + block + text[found.end() :]
    return text


def openapi():
    """The OpenAPI document as text."""
    app = create_app(Settings(store=Path("never-opened")))
    return json.dumps(app.openapi(), ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    page = DOCS / "api.md"
    page.write_text(rewritten(page.read_text(encoding="utf-8")), encoding="utf-8")
    (DOCS / "openapi.json").write_text(openapi(), encoding="utf-8")
