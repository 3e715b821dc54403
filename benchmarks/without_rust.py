"""Run a script of this folder with the Neo4j driver's Rust extension hidden, so that it packs and unpacks in Python.

``python benchmarks/without_rust.py benchmarks/neo4j_store.py ...``
"""

import importlib.abc
import runpy
import sys


class Hidden(importlib.abc.MetaPathFinder):
    """Says of the extension that it is not there."""

    def find_spec(self, name, *_):
        if name == "neo4j._rust" or name.startswith("neo4j._rust."):
            raise ModuleNotFoundError(f"{name} is hidden")


if __name__ == "__main__":
    sys.meta_path.insert(0, Hidden())
    sys.argv = sys.argv[1:]
    runpy.run_path(sys.argv[0], run_name="__main__")
