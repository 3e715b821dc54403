"""Labels of vetted accounts, drawn anew each week where there is a secret, and what a run makes of them."""

import json
import logging
from dataclasses import replace

import numpy as np
import pytest

from guanxi.authenticity import Subject, fuse
from guanxi.engine import Engine, Strategy
from guanxi.engine.labels import labels_of, week_of
from guanxi.engine.witnesses import Evidence, audience_of
from strategies import NOW_US, row, snapshot_of

HALF = 120
HONEST, FAKES = ([f"{name}{i:03}" for i in range(HALF)] for name in ("honest", "mask"))
SECRET = bytes(range(32))


def circles(n_attacks=24):
    """Circles of twenty friends, honest ones and fake ones; some fakes befriended somebody."""
    rng = np.random.default_rng(2)
    pairs = [
        (side[a + i], side[a + j])
        for side in (HONEST, FAKES)
        for a in range(0, HALF, 20)
        for i in range(20)
        for j in range(i)
    ]
    for side in (HONEST, FAKES):
        pairs += [(side[a], side[b]) for a, b in rng.integers(0, HALF, (80, 2)) if a != b]
    pairs += [(HONEST[a], FAKES[b]) for a, b in rng.integers(0, HALF, (n_attacks, 2))]
    return [row("follow", *ends, at=1) for a, b in pairs for ends in ((a, b), (b, a))]


def vetted(n_honest, n_fake, *, at=2):
    certified = [
        row("certify", "office", id_, target_kind="account", at=at) for id_ in HONEST[:: HALF // n_honest][:n_honest]
    ]
    return [*certified, *(row("flag", "office", id_, at=at) for id_ in FAKES[:: HALF // n_fake][:n_fake])]


def ids_of(snapshot, side):
    return [snapshot.accounts[index] for index in side]


def test_certified_accounts_and_seeds_are_honest_and_flagged_ones_fake():
    rows = [*circles(), *vetted(3, 2), row("flag", "other office", FAKES[0], at=3)]
    snapshot = snapshot_of(rows)
    labels = labels_of(snapshot, Strategy(seeds=(HONEST[1], "nobody here")))
    assert ids_of(snapshot, labels.honest) == sorted({HONEST[0], HONEST[1], HONEST[40], HONEST[80]})
    assert ids_of(snapshot, labels.fake) == [FAKES[0], FAKES[60]]
    assert not labels.enough


def test_contradicting_labels_cancel_and_what_is_taken_back_is_none():
    rows = [
        *vetted(12, 12),
        row("flag", "press", HONEST[0], at=3),
        row("revoke", "office", HONEST[10], target_kind="account", at=3),
        row("unflag", "office", FAKES[10], at=3),
    ]
    snapshot = snapshot_of(rows)
    labels = labels_of(snapshot, Strategy())
    assert not {HONEST[0], HONEST[10]} & set(ids_of(snapshot, labels.honest))
    assert not {HONEST[0], FAKES[10]} & set(ids_of(snapshot, labels.fake))
    assert (len(labels.honest), len(labels.fake)) == (10, 11)


def test_secret_draws_as_many_of_each_side_and_others_in_another_week():
    snapshots = [snapshot_of([*circles(), *vetted(60, 40, at=at)]) for at in (2, 3, 9)]
    drawn = [labels_of(snapshot, Strategy(), secret=SECRET) for snapshot in snapshots]
    assert [(len(labels.honest), len(labels.fake)) for labels in drawn] == [(20, 20)] * 3
    every = labels_of(snapshots[0], Strategy())
    assert set(drawn[0].honest) < set(every.honest)
    assert set(drawn[0].fake) < set(every.fake)
    weeks = [week_of(snapshot.as_of) for snapshot in snapshots]
    assert weeks[0] == weeks[1] != weeks[2]
    assert np.array_equal(drawn[0].honest, drawn[1].honest)
    assert not np.array_equal(drawn[0].honest, drawn[2].honest)
    other = labels_of(snapshots[0], Strategy(), secret=SECRET[::-1])
    assert not np.array_equal(drawn[0].fake, other.fake)


def test_many_more_labels_of_one_side_are_warned_of(caplog):
    with caplog.at_level(logging.WARNING, "guanxi"):
        labels_of(snapshot_of(vetted(40, 40)), Strategy())
        assert not caplog.records
        labels_of(snapshot_of(vetted(120, 11)), Strategy())
    assert "120 accounts are labelled honest and 11 fake" in caplog.text


@pytest.fixture
def labelled(engine, answer):
    return answer(engine, [*circles(), *vetted(20, 20)])


def conduct_of(view, ids):
    index = [view.snapshot.accounts.index(id_) for id_ in ids]
    return view.run.authenticity[Subject.CONDUCT].value[index]


def test_labels_lower_the_conduct_of_fakes_and_what_trust_they_get(engine, answer):
    before = answer(engine, circles())
    assert np.isnan(conduct_of(before, FAKES)).all()
    after = answer(engine, vetted(20, 20))
    unlabelled = [[id_ for i, id_ in enumerate(side) if i % 6] for side in (HONEST, FAKES)]
    honest, fakes = (conduct_of(after, side) for side in unlabelled)
    assert np.mean(honest[:, None] > fakes) > 0.99
    discount = {id_: after.run.discount[after.snapshot.accounts.index(id_)] for id_ in (*HONEST, *FAKES)}
    assert np.mean([discount[id_] == 1.0 for id_ in HONEST]) > 0.95
    assert np.mean([discount[id_] < 1.0 for id_ in FAKES]) > 0.95


def test_dossier_names_suspects_that_a_fake_follows_and_what_may_be_innocent(labelled):
    dossier, _ = labelled.dossier(FAKES[1])
    said = next(witness for witness in dossier["witnesses"] if witness["name"] == "propagation")
    assert said["subject"] == "conduct"
    assert said["value"] > 0.5 > 1 - said["value"]
    assert said["log_likelihood_ratio"] < 0
    assert said["evidence"]
    assert {fact["code"] for fact in said["evidence"]} == {"follows_suspicious"}
    assert all(fact["followee"] in FAKES for fact in said["evidence"])
    assert [entry["code"] for entry in said["innocent_explanations"]] == ["far_from_labels", "wrong_label", "courtesy"]
    assert json.dumps(dossier)


def test_saved_run_hears_the_same_witness(engine, labelled):
    again = Engine(engine.store.home).view()
    assert again.dossier(FAKES[1]) == labelled.dossier(FAKES[1])
    assert again.dossier(HONEST[0]) == labelled.dossier(HONEST[0])


def test_run_of_an_earlier_version_says_that_it_spread_nothing(labelled):
    run = labelled.run
    old = replace(run.bundle, meta={name: of for name, of in run.bundle.meta.items() if name != "spread"})
    silent = Evidence.of_run(run.snapshot, old).witnesses()[-1]
    assert "made before labels were spread" in silent.note
    assert np.isnan(silent.share).all()


def test_accounts_of_a_suspicious_block_are_spread_without_labels(engine, answer):
    rng = np.random.default_rng(1)
    ends = rng.integers(0, 300, (2000, 2))
    readers = [row("follow", f"reader{a}", f"reader{b}") for a, b in np.r_[ends, ends[:1000, ::-1]] if a != b]
    sold = [row("follow", f"mask{i:02}", f"customer{j}") for i in range(40) for j in range(10)]
    helpers = [row("follow", f"helper{i}", f"mask{j:02}") for i in range(5) for j in range(6)]
    view = answer(engine, [*readers, *sold, *helpers])
    witness = view.run.witnesses[-1]
    assert witness.note is None
    assert witness.share[view.snapshot.accounts.index("helper0")] > 0.5
    again = Engine(engine.store.home).view()
    assert again.dossier("helper0") == view.dossier("helper0")


def test_without_labels_it_says_why_not_and_leaves_the_scores_their_bits(engine, answer):
    view = answer(engine, [*circles(), *vetted(9, 9), row("follow", HONEST[0], HONEST[7], at=3)])
    silent = view.run.witnesses[-1]
    assert silent.name == "propagation"
    assert "accounts labelled honest: 9, fake: 9; at least 10 of each are needed" in silent.note
    others = [witness for witness in view.run.witnesses if witness.subject == Subject.CONDUCT][:-1]
    fused = view.run.authenticity[Subject.CONDUCT]
    assert np.array_equal(fuse(others).value, fused.value, equal_nan=True)
    assert np.array_equal(fuse(others).high, fused.high, equal_nan=True)


def test_secret_stands_nowhere_in_the_store_and_the_run_is_the_same_again(tmp_path):
    secret = b"a secret that is long enough"
    ids = []
    for name, given in (("one", secret), ("two", secret), ("three", None)):
        engine = Engine(tmp_path / name, create=True, now_us=lambda: NOW_US, seed_secret=given)
        engine.append([*circles(), *vetted(40, 40)])
        engine.snapshot()
        ids.append(engine.score().id)
        engine.close()
    assert ids[0] == ids[1] != ids[2]
    files = [path for path in (tmp_path / "one").rglob("*") if path.is_file()]
    assert files
    assert not any(secret in path.read_bytes() for path in files)


def test_statement_of_distrust_is_no_follow():
    rows = [row("trust", "ann", "bob", value=-3), row("trust", "ann", "cat", value=0), row("trust", "bob", "cat")]
    snapshot = snapshot_of(rows)
    audience = audience_of(snapshot)
    assert [ids_of(snapshot, audience.following(index)) for index in range(3)] == [["cat"], ["cat"], []]
