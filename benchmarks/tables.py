"""What every benchmark's report has in common: Markdown tables, versions and machine, and the page they go to.

A page holds one pair of lines per table, ``<!-- NAME: begin -->`` and ``<!-- NAME: end -->``; what stands between them
is replaced.
"""

import os
import platform
import re
from importlib.metadata import PackageNotFoundError, version


def markdown(head, rows, *, n_left=1):
    """A table; the first ``n_left`` columns hold text, the others numbers."""
    rule = ["---"] * n_left + ["---:"] * (len(head) - n_left)
    lines = [head, *rows]
    drawn = ["| " + " | ".join(str(cell) for cell in line) + " |" for line in lines]
    drawn.insert(1, "|" + "|".join(rule) + "|")
    return "\n".join(drawn)


def write(page, name, text):
    """Put ``text`` between the lines of ``name`` in ``page``."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    old = page.read_text(encoding="utf-8")
    between = re.compile(f"(?<={re.escape(begin)}\n).*?(?={re.escape(end)})", re.DOTALL)
    if not between.search(old):
        raise SystemExit(f"{page} has no line '{begin}' before '{end}'")
    page.write_text(between.sub(lambda _: text.strip("\n") + "\n", old), encoding="utf-8")


def installed(package):
    """Version of an installed package, or None."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def versions(*packages):
    """The packages that are installed and their versions, as one line; the others as not installed."""
    found = {package: installed(package) for package in packages}
    there = ", ".join(f"{package} {number}" for package, number in found.items() if number)
    missing = ", ".join(package for package, number in found.items() if not number)
    return there + (f"; not installed, so not measured: {missing}" if missing else "")


def machine():
    """Python, processor and cores."""
    return f"Python {platform.python_version()}; {_processor()}, {os.cpu_count()} cores"


def _processor():
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:  # noqa: PTH123 - not a path of ours
            name = next(line.partition(":")[2].strip() for line in file if line.startswith("model name"))
        return f"{name} ({platform.machine()})"
    except (OSError, StopIteration):
        return platform.machine()
