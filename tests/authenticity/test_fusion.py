import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, logit

from guanxi.authenticity import (
    INNOCENT,
    Audience,
    FusionOptions,
    Spread,
    Subject,
    Witness,
    dense_block,
    dense_block_conduct,
    dense_blocks,
    discount,
    fuse,
    low_trust_followers,
    propagation,
    returned_followers,
    unreturned_follows,
    unsuspicious,
)
from guanxi.errors import ParameterError


def witness_of(share, size, *, name="a", typical=0.05, weight=1.0, sensitivity=0.5, subject=Subject.AUDIENCE):
    share, size = np.array(share, dtype=float), np.array(size, dtype=np.int64)
    return Witness(
        name=name,
        subject=subject,
        share=share,
        sample_size=size,
        typical=np.full(len(share), typical),
        weight=weight,
        sensitivity=sensitivity,
        innocent=(),
    )


def test_typical_share_leaves_the_prior():
    fused = fuse([witness_of([0.05], [100])])
    assert fused.value[0] == pytest.approx(0.9)
    assert fused.contributions["a"][0] == pytest.approx(0.0, abs=1e-12)


def test_worked_example_matches_the_formula_by_hand():
    # 4 of 10 with 10 pseudo-relations of which .5 are suspicious: s = 4.5 / 20 = .225, odds .2903; usual odds .0526;
    # ratio 5.516; -log(1 - .5 + .5 * 5.516) = -1.1811; times .9 = -1.0630; logit(.9) = 2.1972; value .7567.
    fused = fuse([witness_of([0.4], [10], weight=0.9)])
    assert fused.contributions["a"][0] == pytest.approx(-1.0630, abs=1e-4)
    assert fused.value[0] == pytest.approx(0.7567, abs=1e-4)


def test_four_fifths_bought_is_well_below_a_half_and_clean_is_above_nine_tenths():
    value = fuse([witness_of([0.8, 0.0], [40, 40], weight=0.9)]).value
    assert value[0] < 0.4
    assert value[1] > 0.9


SHARES = st.lists(st.tuples(st.floats(0, 1), st.integers(1, 10_000)), min_size=1, max_size=8)


@given(SHARES, st.floats(0.02, 0.98), st.floats(0.01, 0.99))
def test_any_interval_contains_the_value(samples, typical, sensitivity):
    share, size = zip(*samples, strict=True)
    fused = fuse([witness_of(share, size, typical=typical, sensitivity=sensitivity)])
    assert np.all((fused.low >= 0) & (fused.low <= fused.value) & (fused.value <= fused.high) & (fused.high <= 1))
    factor = discount(fused)
    assert np.all((factor >= 0) & (factor <= 1))


@given(st.floats(0, 1), st.floats(0, 1), st.integers(5, 1000))
def test_any_larger_share_gives_no_larger_value(one, other, size):
    value = fuse([witness_of(sorted([one, other]), [size, size])]).value
    assert value[0] >= value[1]


def test_larger_samples_narrow_the_interval():
    fused = fuse([witness_of([0.2] * 4, [5, 50, 500, 5000])])
    assert np.all(np.diff(fused.high - fused.low) < 0)


def test_one_witness_never_gives_more_than_the_cap():
    options = FusionOptions(cap=2.0)
    fused = fuse([witness_of([1.0, 0.0], [10**6, 10**6], sensitivity=0.99)], options=options)
    assert fused.contributions["a"].tolist() == [-2.0, 2.0]


def test_unseen_by_a_blind_witness_exculpates_little():
    fused = fuse([witness_of([0.0], [10**6], sensitivity=0.1)])
    assert 0 < fused.contributions["a"][0] <= -np.log(0.9)


def test_value_is_the_sum_of_the_contributions():
    fused = fuse([witness_of([0.3, np.nan], [20, 2]), witness_of([0.1, 0.6], [30, 9], name="b")])
    both = np.array([fused.contributions["a"], fused.contributions["b"]])
    assert fused.value == pytest.approx(expit(logit(0.9) + np.nansum(both, axis=0)), abs=1e-12)
    assert fused.n_witnesses.tolist() == [2, 1]


def test_silent_witnesses_are_left_out():
    silent = witness_of([np.nan, np.nan], [2, 2], name="b")
    alone, together = fuse([witness_of([0.3, 0.0], [20, 20])]), fuse([witness_of([0.3, 0.0], [20, 20]), silent])
    assert np.array_equal(alone.value, together.value)
    assert np.array_equal(alone.low, together.low)


def test_account_about_which_nobody_speaks_is_unknown_and_not_discounted():
    fused = fuse([witness_of([np.nan, 1.0], [2, 100])])
    assert fused.abstained.tolist() == [True, False]
    assert np.isnan([fused.value[0], fused.low[0], fused.high[0]]).all()
    assert discount(fused)[0] == 1.0
    assert discount(fused)[1] < 0.5


def test_little_data_is_discounted_less_than_much_data_of_the_same_share():
    factor = discount(fuse([witness_of([0.5] * 3, [6, 60, 600])]))
    assert factor[0] > factor[1] > factor[2]


def test_no_accounts_give_empty_arrays():
    fused = fuse([witness_of([], [])])
    assert len(fused.value) == len(discount(fused)) == 0


@pytest.mark.parametrize(
    ("witnesses", "message"),
    [
        ([], "no witnesses"),
        ([witness_of([0.1], [9]), witness_of([0.2], [9])], "witnesses are a, a"),
        ([witness_of([0.1], [9]), witness_of([0.2], [9], name="b", subject=Subject.CONDUCT)], "audience and conduct"),
        ([witness_of([0.1], [9]), witness_of([0.2, 0.1], [9, 9], name="b")], r"\[1, 2\] accounts"),
    ],
)
def test_witnesses_that_do_not_go_together_are_refused(witnesses, message):
    with pytest.raises(ParameterError, match=message):
        fuse(witnesses)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"prior": 0.0}, r"prior is 0.0, not in \(0, 1\)"),
        ({"prior": 1.0}, "prior is 1.0"),
        ({"prior_strength": 0.5}, "prior_strength is 0.5"),
        ({"prior_strength": np.inf}, "prior_strength is inf"),
        ({"cap": 0.0}, "cap is 0.0"),
        ({"cap": np.nan}, "cap is nan"),
    ],
)
def test_impossible_options_are_refused(options, message):
    with pytest.raises(ParameterError, match=message):
        FusionOptions(**options)


def test_every_witness_offers_innocent_explanations_that_are_written_down():
    audience = Audience.from_edges(3, source=[0, 1], target=[1, 0])
    blocks = dense_blocks(audience, rng=np.random.default_rng(0))
    witnesses = [
        dense_block(blocks),
        dense_block_conduct(blocks),
        low_trust_followers(audience, np.ones(3), floor=0.1),
        unreturned_follows(audience),
        returned_followers(audience),
        propagation(Spread.nothing(audience, "nothing is known")),
    ]
    assert all(witness.innocent for witness in witnesses)
    assert {code for witness in witnesses for code in witness.innocent} == set(INNOCENT)


def test_unsuspicious_part_is_what_the_severest_witness_leaves():
    severe, mild = (
        witness_of([0.6, 0.0], [1000, 1000], name="severe"),
        witness_of([0.3, 0.0], [1000, 1000], name="mild"),
    )
    left = unsuspicious([severe, mild])
    # (10 * .05 + 600) / 1010 = .5946; 1 - (.5946 - .05) / .95 = .4268
    assert left.value[0] == pytest.approx(0.4268, abs=1e-4)
    assert left.value[1] == 1.0
    assert left.low[0] < left.value[0] < left.high[0]


def test_unsuspicious_part_is_unknown_where_nobody_speaks_and_wider_with_little_data():
    left = unsuspicious([witness_of([np.nan, 0.5, 0.5], [3, 20, 2000])])
    assert np.isnan([left.value[0], left.low[0], left.high[0]]).all()
    assert left.high[1] - left.low[1] > 3 * (left.high[2] - left.low[2])


def test_weak_witness_takes_nothing_off_the_audience():
    odd = witness_of([1.0], [1000], name="odd", typical=0.4, weight=0.4)
    clear = witness_of([0.0], [1000], name="clear")
    assert unsuspicious([odd, clear]).value[0] == 1.0
    assert np.isnan(unsuspicious([odd]).value[0])
