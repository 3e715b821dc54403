"""Scores on the nodes of a real server: those of one run, whatever was there before and whatever was interrupted."""

import hashlib
import json
import sys
from datetime import UTC, datetime

import pytest

from guanxi.cli import main
from guanxi.engine import Engine, Strategy
from guanxi.errors import ParameterError, StoreError
from guanxi.schema import load_model
from guanxi.snapshot import Snapshot, build_snapshot
from guanxi.stores.neo4j import Neo4jClient, Neo4jTarget
from guanxi.stores.neo4j.writeback import SCORES, ScoredRun, ranks, write_back

ROWS = [
    {"relation": "follow", "source": source, "target": target}
    for source, target in (("ann", "bob"), ("bob", "cai"), ("dan", "cai"), ("cai", "ann"), ("邓", "a'n"))
]
OWN = {*SCORES, "guanxi_run", "guanxi_scored_at"}


@pytest.fixture
def target(clean_neo4j):
    return Neo4jTarget.parse(clean_neo4j.uri, user=clean_neo4j.user, password=clean_neo4j.password)


@pytest.fixture
def engine(target, tmp_path):
    """A store in Neo4j with a snapshot."""
    engine = Engine(tmp_path / "home", create=True, neo4j=target)
    engine.neo4j.migrate()
    engine.append(ROWS)
    engine.snapshot()
    yield engine
    engine.close()


@pytest.fixture
def ask(clean_neo4j):
    """Rows that a statement gives."""
    with clean_neo4j.driver() as driver:
        yield lambda cypher, **values: [row.data() for row in driver.execute_query(cypher, values).records]


def on_nodes(ask):
    rows = ask("MATCH (a:Account) RETURN a.id AS id, properties(a) AS p")
    return {row["id"]: {name: value for name, value in row["p"].items() if name != "id"} for row in rows}


def test_scores_on_nodes_are_those_of_the_run(engine, ask):
    report = engine.score()
    written = engine.write_back()
    run = engine.view().run
    accounts = run.snapshot.accounts
    assert (written.run, written.n_accounts, written.n_cleared) == (report.id, len(accounts), 0)
    found = on_nodes(ask)
    assert len(found) == len(accounts)
    for at in range(len(accounts)):
        of = found[accounts[at]]
        assert of.keys() == OWN
        assert of["guanxi_trust"] == run.global_trust[at]
        assert of["guanxi_pagerank"] == run.pagerank[at]
        assert of["guanxi_discount"] == run.discount[at]
        assert of["guanxi_trust_rank"] == 1 + int((run.global_trust > run.global_trust[at]).sum())
        assert of["guanxi_run"] == report.id
    [node] = ask("MATCH (r:GuanxiRun) RETURN r {.*} AS r")
    recorded = engine.store.recorded_runs()[-1]
    assert (node["r"]["id"], node["r"]["snapshot"], node["r"]["complete"]) == (report.id, report.snapshot, True)
    assert node["r"]["strategy"] == report.strategy
    assert node["r"]["scored"].to_native().timestamp() == pytest.approx(recorded.created_us / 1e6, abs=1e-6)


def test_second_run_replaces_the_first_and_leaves_other_properties(engine, ask):
    engine.score()
    engine.write_back()
    ask("MERGE (a:Account {id: 'gone'}) SET a.guanxi_run = 'old', a.guanxi_trust = 1.0, a.name = 'Gone', a.score = 3")
    ask("MATCH (a:Account {id: 'ann'}) SET a.name = 'Ann', a.trust = 'mine'")
    report = engine.score(Strategy(seeds=("ann",), name="custom"))
    written = engine.write_back()
    found = on_nodes(ask)
    assert written.n_cleared == 1
    assert found.pop("gone") == {"name": "Gone", "score": 3}
    assert (found["ann"].pop("name"), found["ann"].pop("trust")) == ("Ann", "mine")
    assert {of["guanxi_run"] for of in found.values()} == {report.id}
    assert all(of.keys() == OWN for of in found.values())
    assert ask("MATCH (r:GuanxiRun) RETURN r.id AS id") == [{"id": report.id}]


def test_property_names_do_not_grow_with_runs_and_observers(engine, ask):
    engine.score()
    engine.write_back()
    before = ask("CALL db.propertyKeys() YIELD propertyKey AS name RETURN name ORDER BY name")
    for seed in ("ann", "bob"):
        engine.score(Strategy(seeds=(seed,), name="custom"))
        engine.write_back()
    assert ask("CALL db.propertyKeys() YIELD propertyKey AS name RETURN name ORDER BY name") == before


def test_interrupted_write_back_is_completed_by_the_next_call(engine, target, ask):
    engine.score()
    engine.write_back()
    second = engine.score(Strategy(seeds=("bob",), name="custom"))
    run = engine.view().run
    scores = {"guanxi_trust": run.global_trust, "guanxi_trust_rank": ranks(run.global_trust)}
    scores |= {"guanxi_pagerank": run.pagerank, "guanxi_discount": run.discount}
    recorded = ScoredRun(second.id, second.snapshot, second.strategy, datetime.now(UTC))
    client = Neo4jClient(target)

    def interrupt(done, _):
        if done >= 4:
            raise KeyboardInterrupt

    ids = run.snapshot.accounts.values
    with pytest.raises(KeyboardInterrupt):
        write_back(client, load_model(), recorded, ids=ids, scores=scores, batch_rows=2, progress=interrupt)
    client.close()
    assert len({of["guanxi_run"] for of in on_nodes(ask).values()}) == 2
    assert {"id": second.id, "complete": False} in ask("MATCH (r:GuanxiRun) RETURN r.id AS id, r.complete AS complete")
    engine.write_back()
    assert {of["guanxi_run"] for of in on_nodes(ask).values()} == {second.id}
    assert ask("MATCH (r:GuanxiRun) RETURN r.id AS id, r.complete AS complete") == [{"id": second.id, "complete": True}]


def test_write_back_overtaken_by_another_run_stops(engine, target, ask):
    engine.score()
    run, client = engine.view().run, Neo4jClient(target)
    recorded = ScoredRun("mine", run.snapshot.id, "custom@1", datetime.now(UTC))
    scores = dict.fromkeys(SCORES, run.global_trust)

    def overtake(*_):
        ask("MATCH (l:GuanxiLedger {name: 'scores'}) SET l.run = 'theirs'")

    with pytest.raises(StoreError, match="another run"):
        write_back(
            client, load_model(), recorded, ids=run.snapshot.accounts.values, scores=scores, batch_rows=2,
            progress=overtake,
        )  # fmt: skip
    client.close()
    assert len([of for of in on_nodes(ask).values() if of.get("guanxi_run") == "mine"]) == 2


def contents(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def test_snapshot_after_write_back_is_the_same_byte_for_byte(engine, tmp_path):
    before = build_snapshot(engine.store.events(), tmp_path / "before")
    engine.score()
    engine.write_back()
    after = build_snapshot(engine.store.events(), tmp_path / "after")
    assert (after.name, contents(after)) == (before.name, contents(before))
    assert Snapshot.open(after).n_accounts == len({end for row in ROWS for end in (row["source"], row["target"])})


def test_write_back_of_a_folder_is_refused(tmp_path):
    engine = Engine(tmp_path / "store", create=True)
    with pytest.raises(ParameterError, match="is a folder"):
        engine.write_back()
    engine.close()


def test_columns_of_another_length_are_refused(engine, target):
    engine.score()
    ids, client = engine.view().run.snapshot.accounts.values, Neo4jClient(target)
    recorded = ScoredRun("x", "y", "z", datetime.now(UTC))
    with pytest.raises(ParameterError, match="guanxi_trust has 1 values"):
        write_back(client, load_model(), recorded, ids=ids, scores={"guanxi_trust": ranks(ids.take([0]).is_null())})
    client.close()


def test_command_writes_back_and_says_so(engine, target, monkeypatch, capsys, ask):
    for name, value in (("NEO4J_USER", target.user), ("NEO4J_PASSWORD", target.password), ("NEO4J_URI", target.uri)):
        monkeypatch.setenv(f"GUANXI_{name}", value)
    home = str(engine.store.home)
    assert command(monkeypatch, "score", "--write-back", "--json", "--store", home) == 0
    said = json.loads(capsys.readouterr().out)["data"]
    assert said["written_back"] == {"run": said["id"], "n_accounts": said["n_accounts"], "n_cleared": 0}
    assert {of["guanxi_run"] for of in on_nodes(ask).values()} == {said["id"]}
    assert command(monkeypatch, "score", "--write-back", "--store", home) == 0
    assert "nodes with these scores" in capsys.readouterr().out


def test_command_on_a_folder_refuses_before_it_computes(monkeypatch, tmp_path, capsys):
    monkeypatch.delenv("GUANXI_NEO4J_URI", raising=False)
    engine = Engine(tmp_path / "store", create=True)
    engine.append(ROWS)
    engine.snapshot()
    assert command(monkeypatch, "score", "--write-back", "--store", str(engine.store.home)) == 2
    assert "is a folder; name a database" in capsys.readouterr().err
    assert engine.store.published().run is None
    engine.close()


def command(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["guanxi", *arguments])
    with pytest.raises(SystemExit) as exited:
        main()
    return exited.value.code or 0
