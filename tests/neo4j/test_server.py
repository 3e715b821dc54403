"""The server that the other tests rest on: it holds what was committed, and survives what tests do to it."""

import neo4j
import pytest
from neo4j.exceptions import AuthError, ClientError, DriverError, Neo4jError, ServiceUnavailable, SessionExpired
from tests.neo4j.proxy import BOLT_COMMIT
from tests.neo4j.server import n_nodes, names_of_schema


def write(server, name, *, uri=None, **options):
    with (
        neo4j.GraphDatabase.driver(uri or server.uri, auth=(server.user, server.password), **options) as driver,
        driver.session() as session,
        session.begin_transaction() as tx,
    ):
        tx.run("CREATE (:Probe {name: $name})", name=name).consume()
        tx.commit()


def names(server):
    with server.driver() as driver:
        return {row["name"] for row in driver.execute_query("MATCH (p:Probe) RETURN p.name AS name").records}


def test_it_wants_the_right_password(neo4j_server):
    with (
        neo4j.GraphDatabase.driver(neo4j_server.uri, auth=(neo4j_server.user, "wrong-password")) as driver,
        pytest.raises(AuthError),
    ):
        driver.verify_connectivity()


def test_it_is_empty_between_tests_whatever_was_in_it(clean_neo4j):
    with clean_neo4j.driver() as driver:
        driver.execute_query("CREATE CONSTRAINT `odd ``name` FOR (p:Probe) REQUIRE p.name IS UNIQUE")
        driver.execute_query("CREATE INDEX later FOR (p:Probe) ON (p.time)")
        driver.execute_query("UNWIND range(1, 3000) AS n CREATE (:Probe {name: n})-[:NEXT]->(:Probe {name: -n})")
    assert n_nodes(clean_neo4j) == 6_000
    clean_neo4j.empty()
    assert n_nodes(clean_neo4j) == 0
    assert names_of_schema(clean_neo4j) == []


def test_what_was_committed_survives_a_kill_and_the_address_stays(clean_neo4j):
    write(clean_neo4j, "kept")
    clean_neo4j.kill()
    with clean_neo4j.driver(connection_timeout=1.0) as driver, pytest.raises(ServiceUnavailable):
        driver.verify_connectivity()
    clean_neo4j.make_usable()
    assert names(clean_neo4j) == {"kept"}


def test_a_paused_server_answers_nothing_until_it_goes_on(clean_neo4j):
    with clean_neo4j.paused(), pytest.raises((DriverError, Neo4jError)):
        write(clean_neo4j, "lost", connection_timeout=0.5, connection_acquisition_timeout=1.0)
    write(clean_neo4j, "kept")
    assert names(clean_neo4j) == {"kept"}


def test_a_server_that_a_test_left_paused_is_made_usable(clean_neo4j):
    clean_neo4j.pause()
    clean_neo4j.make_usable()
    write(clean_neo4j, "after a pause")
    assert names(clean_neo4j) == {"after a pause"}


def test_the_proxy_before_it_is_not_seen(clean_neo4j, neo4j_proxy):
    write(clean_neo4j, "through", uri=neo4j_proxy.uri)
    assert names(clean_neo4j) == {"through"}
    assert neo4j_proxy.n_accepted >= 1


@pytest.mark.parametrize(("arrives", "kept"), [(True, {"one"}), (False, set())])
def test_a_reset_at_the_commit_leaves_it_done_or_undone_as_asked(clean_neo4j, neo4j_proxy, arrives, kept):
    neo4j_proxy.reset_at(BOLT_COMMIT, arrives=arrives)
    with pytest.raises((ServiceUnavailable, SessionExpired, DriverError)):
        write(clean_neo4j, "one", uri=neo4j_proxy.uri)
    assert names(clean_neo4j) == kept


def test_an_unknown_database_is_refused(neo4j_server):
    with neo4j_server.driver() as driver, pytest.raises(ClientError, match="nowhere"):
        driver.execute_query("RETURN 1", database_="nowhere")
