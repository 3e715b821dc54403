"""Dossiers: numbers with intervals, facts, and no verdict."""

import numpy as np
import pytest

from guanxi.authenticity import INNOCENT, NO_TIME, EvidenceRow, Subject, Witness, fuse, unsuspicious
from guanxi.events.values import DAY_US, isoformat
from guanxi.vetting import GRADES, Heard, authenticity_of, data_confidence, vet
from strategies import T0, row, snapshot_of

ROWS = [
    row("follow", "bob", "ann", at=1),
    row("follow", "cat", "ann"),
    row("follow", "ann", "bob", at=2),
    row("share", "ann", "tea"),
    row("share", "ann", "pot"),
    row("share", "ann", "hello", target_kind="post"),
    row("purchase", "ann", "pot"),
]
ANN, BOB, CAT = range(3)
FACTS = [
    EvidenceRow("unreturned", BOB, ANN, {"since_us": float(T0 + DAY_US), "degree": 7.0}),
    EvidenceRow("unreturned", CAT, ANN, {"since_us": float(NO_TIME)}),
    EvidenceRow("unreturned", CAT, BOB, {"since_us": float("nan"), "returned_since_us": float(T0)}),
]


def witness(subject=Subject.AUDIENCE, *, share=0.6, size=20, note=None):
    """A witness that says the same of everybody; NaN: it abstains."""
    return Witness(
        name=f"about {subject.value}",
        subject=subject,
        share=np.full(3, share),
        sample_size=np.full(3, size, dtype=np.int64),
        typical=np.full(3, 0.1),
        weight=1.0,
        sensitivity=0.9,
        innocent=("giveaway", "courtesy"),
        note=note,
        explain=lambda _, limit: FACTS[:limit],
    )


def both(**options):
    witnesses = [witness(Subject.AUDIENCE, **options), witness(Subject.CONDUCT, **options)]
    return Heard(witnesses, {w.subject: fuse([w]) for w in witnesses}, unsuspicious(witnesses[:1]))


def dossier(*, evidence=10, **options):
    return vet(ANN, snapshot_of(ROWS), both(**options), evidence=evidence)


def test_figures_are_plain_counts():
    assert dossier()["figures"] == {"n_followers": 2, "n_following": 1, "n_shares": 3, "n_purchases": 1}


def test_account_that_did_nothing_has_figures_of_zero():
    found = vet(CAT, snapshot_of([*ROWS[:1], row("report", "ann", "cat")]), both())
    assert found["figures"] == {"n_followers": 0, "n_following": 0, "n_shares": 0, "n_purchases": 0}


def test_audience_and_conduct_are_two_numbers_with_intervals():
    found = authenticity_of(ANN, "ann", both())
    assert found["account"] == "ann"
    for subject in ("audience", "conduct"):
        assert 0 < found[subject]["low"] <= found[subject]["value"] <= found[subject]["high"] < 1
        assert found[subject]["n_witnesses"] == 1
    left = found["unsuspicious_followers"]
    assert 0 < left["low"] < left["value"] < left["high"] < 1
    assert not {"verdict", "fraud", "fake"} & set(found)


def test_witness_is_quoted_with_what_it_rests_on():
    heard = dossier()["witnesses"][0]
    assert (heard["name"], heard["subject"], heard["value"], heard["typical"]) == (
        "about audience",
        "audience",
        0.6,
        0.1,
    )
    assert (heard["percentile"], heard["sample_size"], heard["note"]) == (50.0, 20, None)
    assert heard["log_likelihood_ratio"] < 0


def test_facts_have_ids_and_dates_where_they_are_known():
    facts = dossier()["witnesses"][0]["evidence"]
    assert facts[0] == {
        "code": "unreturned",
        "follower": "bob",
        "followee": "ann",
        "since": isoformat(T0 + DAY_US),
        "degree": 7.0,
    }
    assert [fact["since"] for fact in facts[1:]] == [None, None]
    assert facts[2] == {
        "code": "unreturned",
        "follower": "cat",
        "followee": "bob",
        "since": None,
        "returned_since": isoformat(T0),
    }


@pytest.mark.parametrize("limit", [0, 1, 2])
def test_facts_are_as_many_as_were_asked_for(limit):
    assert [len(heard["evidence"]) for heard in dossier(evidence=limit)["witnesses"]] == [limit, limit]


def test_innocent_explanations_are_always_there():
    for heard in dossier()["witnesses"]:
        assert heard["innocent_explanations"] == [{"code": c, "text": INNOCENT[c]} for c in ("giveaway", "courtesy")]


@pytest.mark.parametrize(("note", "said"), [(None, "nothing to compare with"), ("no dates", "no dates")])
def test_witness_that_abstains_says_why_and_gives_no_number(note, said):
    found = dossier(share=float("nan"), size=3, note=note)
    assert found["audience"] == {"value": None, "low": None, "high": None, "n_witnesses": 0}
    heard = found["witnesses"][0]
    assert (heard["note"], heard["evidence"], heard["sample_size"]) == (said, [], 3)
    assert [heard[name] for name in ("value", "typical", "percentile", "log_likelihood_ratio")] == [None] * 4


@pytest.mark.parametrize(("size", "grade"), [(n, grade) for grade, n in GRADES] + [(199, "B"), (49, "C"), (9, "D")])
def test_data_confidence_is_the_grade_of_the_largest_sample(size, grade):
    assert data_confidence(ANN, [witness(size=size), witness(size=min(size, 3))]) == grade


def test_witness_that_abstains_lends_no_confidence():
    assert data_confidence(ANN, [witness(share=float("nan"), size=1000)]) == "D"
    assert data_confidence(ANN, []) == "D"
