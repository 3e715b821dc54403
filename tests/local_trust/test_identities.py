"""Identity links: which count, what they make of the trust graph, and how far a forged one reaches."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import reference_identity as reference
from guanxi.errors import ParameterError
from guanxi.events.values import DAY_US
from guanxi.graph import TrustGraph
from guanxi.local_trust import Identities, IdentityOptions, Links, Verdict, contracted, last_actions
from guanxi.snapshot import NO_TIME, Relation
from guanxi.trust import personal_trust
from strategies import ACCOUNTS, T0, day, quick, row, snapshot_of

OPTIONS = IdentityOptions()


def link(source, target, proof=None, *, at=1, value=None, until=None):
    said = {"proof": proof, "expires": None if until is None else day(until)}
    properties = {name: word for name, word in said.items() if word is not None}
    return row("identity_link", source, target, at=at, value=value, properties=properties or None)


def judged(*rows, options=OPTIONS, as_of=None):
    """Verdicts by the names of the two accounts."""
    snapshot = snapshot_of(list(rows))
    links = Links.of(snapshot, options, as_of=as_of)
    names = snapshot.accounts
    ends = zip(links.first.tolist(), links.second.tolist(), links.verdict.tolist(), strict=True)
    return {names[a] + names[b]: Verdict(verdict).name for a, b, verdict in ends}


# -- which links count ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("proof", ["oauth", "signature", "domain", "staff"])
def test_link_with_an_accepted_proof_counts_whichever_side_states_it(proof):
    assert judged(link("a", "b", proof)) == judged(link("b", "a", proof)) == {"ab": "LINKED"}


@pytest.mark.parametrize("proof", [None, "self", "inferred"])
def test_link_that_one_side_declares_counts_for_nothing_and_the_word_of_both_does(proof):
    assert judged(link("a", "b", proof)) == {"ab": "UNPROVEN"}
    assert judged(link("a", "b", proof), link("b", "a")) == {"ab": "LINKED"}


def test_word_of_both_counts_for_nothing_where_the_strategy_does_not_accept_it():
    options = IdentityOptions(proofs=("oauth",))
    assert judged(link("a", "b"), link("b", "a"), options=options) == {"ab": "UNPROVEN"}


@pytest.mark.parametrize(
    ("rows", "verdict"),
    [
        ([link("a", "b", "oauth", value=0.7)], "UNSURE"),
        ([link("a", "b", value=0.9), link("b", "a", value=0.7)], "UNSURE"),
        ([link("a", "b", "oauth", until=5)], "EXPIRED"),
        ([link("a", "b", until=5), link("b", "a")], "EXPIRED"),
        ([link("a", "b", "oauth", value=0.1, until=5)], "EXPIRED"),
        ([link("a", "b", "oauth", until=5), link("b", "a", "domain", value=0.1)], "EXPIRED"),
        ([link("a", "b", "oauth"), row("block", "b", "a", at=2)], "BLOCKED"),
        ([link("a", "b", "oauth"), row("block", "a", "b", at=2)], "BLOCKED"),
        ([link("a", "b", "oauth", until=5), link("b", "a", "domain")], "LINKED"),
    ],
)
def test_link_that_does_not_count_says_why(rows, verdict):
    later = row("follow", "x", "y", at=9)
    assert judged(*rows, later) == {"ab": verdict}


def test_link_expires_on_the_day_it_names_and_not_before():
    rows = [link("a", "b", "oauth", until=5)]
    assert judged(*rows, as_of=T0 + 5 * DAY_US - 1) == {"ab": "LINKED"}
    assert judged(*rows, as_of=T0 + 5 * DAY_US) == {"ab": "EXPIRED"}


def test_link_that_was_taken_back_is_none():
    assert judged(link("a", "b", "oauth"), row("unlink", "a", "b", at=2)) == {}


def test_identity_has_at_most_so_many_accounts_and_the_surest_links_come_first():
    options = IdentityOptions(most_accounts=2)
    assert judged(link("a", "b", "oauth", value=0.9), link("b", "c", "oauth"), options=options) == {
        "ab": "FULL",
        "bc": "LINKED",
    }
    older = [link("a", "b", "oauth", at=2), link("b", "c", "oauth", at=1)]
    assert judged(*older, options=options) == {"ab": "FULL", "bc": "LINKED"}


said = st.tuples(
    st.sampled_from([None, "self", "oauth", "staff"]),
    st.sampled_from([0.5, 0.8, 0.9, 1.0]),
    st.sampled_from([None, 3, 8]),
)


@given(st.dictionaries(st.permutations(range(4)).map(lambda order: tuple(order[:2])), said, max_size=8), st.booleans())
@quick(40)
def test_verdicts_and_groups_are_those_of_the_slow_twin(statements, mutual):
    proofs = ("oauth", "mutual") if mutual else ("oauth",)
    options = IdentityOptions(proofs=proofs, confidence=0.8, most_accounts=3)
    rows = [
        link(ACCOUNTS[a], ACCOUNTS[b], proof, at=2, value=value, until=until)
        for (a, b), (proof, value, until) in statements.items()
    ]
    everybody = [row("follow", ACCOUNTS[a], ACCOUNTS[(a + 1) % 4], at=5) for a in range(4)]
    found = judged(*rows, *everybody, options=options)
    pairs = {}
    for (a, b), spoken in statements.items():
        pairs.setdefault((min(a, b), max(a, b)), []).append(spoken)
    expected = {
        pair: reference.verdict_of(of, proofs=proofs, confidence=0.8, as_of=5) for pair, of in sorted(pairs.items())
    }
    links = [(value, 2, *pair) for pair, (verdict, value) in expected.items() if verdict == "LINKED"]
    _, left_out = reference.groups_of(4, links, 3)
    names = {pair: "FULL" if pair in left_out else verdict for pair, (verdict, _) in expected.items()}
    assert found == {ACCOUNTS[a] + ACCOUNTS[b]: verdict for (a, b), verdict in names.items()}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"proofs": ("oauth", "magic")}, "proofs hold 'magic', not one or more of inferred, oauth, signature"),
        ({"proofs": ("self",)}, "proofs hold 'self'"),
        ({"proofs": ()}, "proofs hold nothing"),
        ({"confidence": 0.0}, r"confidence is 0.0, not in \(0, 1\]"),
        ({"most_accounts": 1}, r"most_accounts is 1, not in 2..100"),
    ],
)
def test_option_out_of_range_is_refused(fields, message):
    with pytest.raises(ParameterError, match=message):
        IdentityOptions(**fields)


def test_stating_a_link_is_no_sign_of_life():
    snapshot = snapshot_of([row("follow", "a", "b", at=1), link("a", "b", "oauth", at=7)])
    assert last_actions(snapshot).tolist() == [T0 + DAY_US, NO_TIME]


# -- what they make of the graph --------------------------------------------------------------------------------------


def links_of(links):
    """Links that merge, from (confidence, since, first, second)."""
    rows = sorted(links, key=lambda of: of[2:])
    first, second = (np.array([of[at] for of in rows], dtype=np.uint32) for at in (2, 3))
    nothing = np.zeros(len(rows), dtype=np.int8)
    q = np.array([of[0] for of in rows])
    times = np.full(len(rows), NO_TIME)
    return Links(first, second, nothing, nothing.astype(np.uint8), nothing.astype(bool), q, times, times)


def blocking(n, pairs):
    order = sorted(pairs)
    offsets = np.searchsorted([a for a, _ in order], np.arange(n + 1))
    targets = np.array([b for _, b in order], dtype=np.uint32)
    return Relation("block", "account", offsets, targets, np.full(len(order), NO_TIME), None, None)


def edges_of(graph):
    pairs = zip(graph.edge_sources().tolist(), graph.targets.tolist(), strict=True)
    return dict(zip(pairs, graph.weights.tolist(), strict=True))


def graph_of(n, weights):
    source, target = zip(*weights, strict=True) if weights else ((), ())
    return TrustGraph.from_edges(n, source=source, target=target, weight=list(weights.values()))


@st.composite
def cases(draw, n=7):
    """Weights, links, standing without ties, discounts and blocks between ``n`` accounts."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    ends = [(a, b) for a in range(n) for b in range(n) if a != b]
    weights = {pair: float(np.float32(rng.uniform(0.1, 5))) for pair in ends if rng.random() < 0.35}
    chosen = [pair for pair in ends if pair[0] < pair[1] and rng.random() < 0.2]
    links = [(round(rng.uniform(0.8, 1.0), 3), None, *pair) for pair in chosen]
    blocks = [pair for pair in ends if rng.random() < 0.05]
    discount = rng.choice([0.0, 0.3, 0.7, 1.0, 1.0], n)
    return n, weights, links, rng.permutation(n) + 1.0, discount, blocks


def joined(case):
    n, weights, links, standing, _, blocks = case
    identities = Identities.of(links_of(links), standing)
    return identities, contracted(graph_of(n, weights), identities, block=blocking(n, blocks))


@given(cases())
@quick(150)
def test_trust_between_actors_is_that_of_the_slow_twin(case):
    n, weights, links, standing, discount, blocks = case
    groups, _ = reference.groups_of(n, links, n)
    expected = reference.contracted(weights, groups, links, standing, blocks)
    lone = {a for group in groups if len(group) == 1 for a in group}
    free = {(a, b): w for (a, b), w in weights.items() if a in lone and b in lone}  # blocks were heeded before
    identities, graph = joined(case)
    assert edges_of(graph) == pytest.approx(expected | free, rel=1e-6)
    found = dict(enumerate(identities.shared(discount)))
    assert found == pytest.approx(reference.shared(groups, standing, discount), rel=1e-12)


@given(cases(), st.permutations(range(7)))
@quick(100)
def test_new_names_for_the_accounts_change_nothing_else(case, order):
    n, weights, links, standing, discount, blocks = case
    to = np.array(order)
    moved = [(q, None, *sorted((int(to[a]), int(to[b])))) for q, _, a, b in links]
    back = np.argsort(to)
    other = (
        n,
        {(int(to[a]), int(to[b])): w for (a, b), w in weights.items()},
        moved,
        standing[back],
        discount[back],
        [(int(to[a]), int(to[b])) for a, b in blocks],
    )
    found = {(int(to[a]), int(to[b])): w for (a, b), w in edges_of(joined(case)[1]).items()}
    assert edges_of(joined(other)[1]) == pytest.approx(found, rel=1e-6)


@given(cases())
@quick(100)
def test_contracted_twice_is_contracted_once_to_the_bit(case):
    n, _, _, _, _, blocks = case
    identities, once = joined(case)
    twice = contracted(once, identities, block=blocking(n, blocks))
    assert edges_of(twice) == edges_of(once)


@given(cases())
@quick(50)
def test_without_links_every_edge_keeps_its_bits(case):
    n, weights, _, standing, discount, _ = case
    identities, graph = joined((n, weights, [], standing, discount, []))
    assert not identities.joined.any()
    assert edges_of(graph) == edges_of(graph_of(n, weights))


def test_follows_from_three_accounts_of_one_actor_count_once_and_those_among_them_do_not():
    weights = {(0, 3): 1.0, (1, 3): 2.0, (2, 3): 1.5, (0, 1): 9.0, (4, 0): 1.0, (4, 2): 4.0}
    links = [(1.0, None, 0, 1), (1.0, None, 1, 2)]
    case = 5, weights, links, np.array([5.0, 1, 1, 1, 1]), np.ones(5), []
    identities, graph = joined(case)
    assert identities.representative.tolist() == [0, 0, 0, 3, 4]
    assert identities.members(2).tolist() == [0, 1, 2]
    assert edges_of(graph) == {(0, 3): 2.0, (4, 0): 4.0}


def test_account_speaks_no_louder_than_the_most_trusted_one_that_it_is_linked_with():
    weights = {(0, 2): 1.0, (0, 3): 1.0, (1, 4): 500.0}
    case = 5, weights, [(0.8, None, 0, 1)], np.array([5.0, 1, 1, 1, 1]), np.ones(5), []
    assert edges_of(joined(case)[1]) == {(0, 2): 1.0, (0, 3): 1.0, (0, 4): pytest.approx(0.8 * 2.0)}


def test_clean_account_launders_nothing_and_a_dirty_one_ruins_no_more_than_its_own_trust():
    identities = Identities.of(links_of([(1.0, None, 0, 1)]), np.array([0.6, 0.2, 0.2]))
    assert identities.shared(np.array([1.0, 0.2, 0.5])).tolist() == pytest.approx([0.8, 0.8, 0.5])
    assert identities.shared(np.array([0.2, 1.0, 0.5])).tolist() == pytest.approx([0.2, 0.2, 0.5])


def test_block_of_one_account_holds_for_the_actor():
    weights = {(0, 2): 1.0, (0, 4): 1.0}
    links = [(1.0, None, 0, 1), (1.0, None, 2, 3)]
    case = 5, weights, links, np.array([5.0, 4, 3, 2, 1]), np.ones(5), [(1, 3)]
    assert edges_of(joined(case)[1]) == {(0, 4): 1.0}


# -- how far a forged link reaches ------------------------------------------------------------------------------------

N_HONEST, N_FORGERS = 24, 6


@st.composite
def forgeries(draw):
    """Honest accounts, none of whom trusts a forger; forgers with weights at will; links between some and a victim.

    Half of the time forgers trust nobody else, so that trust never leaves them again: the worst that they can do.
    """
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    n = N_HONEST + N_FORGERS
    weights = {}
    for a in range(N_HONEST):
        for b in rng.choice(N_HONEST, rng.integers(0, 6), replace=False).tolist():
            weights[a, b] = float(np.float32(rng.uniform(0.1, 3)))
    whom = np.arange(N_HONEST, n) if draw(st.booleans()) else np.arange(n)
    for a in range(N_HONEST, n):
        for b in rng.choice(whom, rng.integers(1, 6), replace=False).tolist():
            weights[a, b] = float(np.float32(rng.uniform(1, 10_000)))
    weights = {(a, b): w for (a, b), w in weights.items() if a != b}
    n_links = draw(st.integers(1, 3))
    links = [(draw(st.sampled_from([0.8, 0.9, 1.0])), None, 1, N_HONEST + i) for i in range(n_links)]
    discount = rng.choice([0.4, 1.0, 1.0], n)
    standing = rng.permutation(n) + 1.0
    if draw(st.booleans()):
        standing[1] = 2.0 * n  # the victim is the most trusted of them
    return n, weights, links, standing, discount, []


@given(forgeries(), st.sampled_from([0.1, 0.15, 0.3, 0.6]))
@quick(120)
def test_forged_link_gives_no_more_than_the_stated_bound(case, restart):
    n, weights, links, standing, discount, _ = case
    graph = graph_of(n, weights)
    before = personal_trust(graph, 0, discount=discount, restart=restart)
    identities, forged = joined(case)
    shared = identities.shared(discount)
    after = personal_trust(forged, 0, discount=shared, restart=restart)
    forgers = np.setdiff1d(np.arange(N_HONEST, n), identities.members(1))
    taken, identity = after.scores[forgers].sum(), after.scores[identities.representative[1]]

    leads = standing[1] > max(standing[b] for *_, b in links) and graph.out_sums[1] > 0
    q = sum(of[0] for of in links)
    share = q / (1 + q) if leads else 1.0
    assert taken <= (1 - restart) / restart * share * identity + 1e-9
    reached = before.scores[1] / before.returned * max(1.0, shared[1] / discount[1])
    assert taken + identity <= reached * after.returned / restart + 1e-9


@given(forgeries())
@quick(40)
def test_forged_link_with_an_account_that_a_viewer_does_not_trust_changes_nothing_for_the_viewer(case):
    n, weights, links, standing, discount, blocks = case
    weights = {(a, b): w for (a, b), w in weights.items() if b != 1 or a >= N_HONEST}
    before = personal_trust(graph_of(n, weights), 0, discount=discount)
    after = personal_trust(joined((n, weights, links, standing, discount, blocks))[1], 0, discount=discount)
    assert np.abs(after.scores - before.scores).sum() < 1e-9


def test_forged_link_takes_something_so_that_the_bound_is_no_idle_one():
    weights = {(0, 1): 1.0, (1, 2): 1.0, (3, 4): 100.0, (4, 3): 1.0}
    case = 5, weights, [(1.0, None, 1, 3)], np.array([1.0, 5, 1, 1, 1]), np.ones(5), []
    assert personal_trust(graph_of(5, weights), 0).scores[3:].sum() == 0
    taken = personal_trust(joined(case)[1], 0).scores
    assert 0.1 < taken[4] <= 0.85 / 0.15 * 0.5 * taken[1]
