"""Many targets at once: the same figures as one by one."""

import pytest

from guanxi.engine.trust_batch import MAX_TARGETS, trust_in_each
from guanxi.errors import ParameterError
from strategies import row

TIES = [
    *(row("follow", "ann", who) for who in ("bob", "cat")),
    *(row("follow", "bob", who) for who in ("cat", "邓")),
    row("trust", "邓", "bob", value=4),
    row("trust", "ann", "eve", value=-4),
    row("block", "cat", "eve"),
]


@pytest.mark.parametrize("viewer", ["ann", "newcomer"])
def test_figures_are_those_of_one_target_at_a_time(engine, answer, viewer):
    view = answer(engine, TIES)
    asked = ["eve", "邓", "ann", "bob", "eve"]
    data, meta = trust_in_each(view, viewer, asked)
    assert data["viewer"] == viewer
    assert [entry["target"] for entry in data["targets"]] == asked
    for entry in data["targets"]:
        single, single_meta = view.trust(viewer, entry["target"])
        assert entry["known"]
        assert {name: entry[name] for name in ("personal", "global")} == {
            name: single[name] for name in ("personal", "global")
        }
        assert entry["pairwise"] == {name: of for name, of in single["pairwise"].items() if name != "terms"}
        assert meta == single_meta


def test_unknown_target_does_not_stop_the_others(engine, answer):
    data, _ = trust_in_each(answer(engine, TIES), "ann", ["stranger", "bob"])
    stranger, bob = data["targets"]
    assert stranger == {"target": "stranger", "known": False, "personal": None, "global": None, "pairwise": None}
    assert bob["personal"]["score"] > 0


def test_no_target_is_an_answer_and_too_many_are_refused(engine, answer):
    view = answer(engine, TIES)
    assert trust_in_each(view, "ann", [])[0] == {"viewer": "ann", "targets": []}
    assert len(trust_in_each(view, "ann", ["bob"] * MAX_TARGETS)[0]["targets"]) == MAX_TARGETS
    with pytest.raises(ParameterError, match="targets has 1001 entries, more than 1000"):
        trust_in_each(view, "ann", ["bob"] * (MAX_TARGETS + 1))
