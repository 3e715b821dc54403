"""Seeds that rotate: the same for everybody with the secret, chance for everybody else."""

import hashlib
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import hypergeom, kstest

import reference_sybils as reference
from guanxi.authenticity.sybils import rotating_seeds
from guanxi.errors import ParameterError

SECRET = bytes(range(32))
IDS = [f"account {i} 账号" for i in range(1000)]
N_SEEDS = 100
GUESSES = {
    "another secret": lambda _: bytes(reversed(SECRET)),
    "one bit off": lambda _: bytes([SECRET[0] ^ 1]) + SECRET[1:],
    "no key": lambda _: bytes(32),
    "key is the period": lambda period: hashlib.sha256(period.encode()).digest(),
}


def seeds_of(period, *, secret=SECRET, ids=IDS, n_seeds=N_SEEDS):
    return rotating_seeds(ids, secret=secret, period=period, n_seeds=n_seeds)


def overlaps_like_chance(overlaps):
    """Whether the mean of numbers of common seeds is within four standard errors of what chance gives."""
    chance = hypergeom(len(IDS), N_SEEDS, N_SEEDS)
    return abs(np.mean(overlaps) - chance.mean()) < 4 * chance.std() / np.sqrt(len(overlaps))


def common(some, others):
    return len(np.intersect1d(some, others))


@given(
    st.lists(st.text(max_size=5).filter(lambda text: text.isprintable()), min_size=1, max_size=8, unique=True),
    st.binary(min_size=16, max_size=64),
    st.text("abcW-0123456789", min_size=1, max_size=9),
    st.data(),
)
def test_any_choice_equals_its_slow_twin(ids, secret, period, data):
    n_seeds = data.draw(st.integers(1, len(ids)))
    chosen = rotating_seeds(ids, secret=secret, period=period, n_seeds=n_seeds)
    assert chosen.tolist() == reference.rotating_seeds(ids, secret, period, n_seeds)


def test_same_secret_and_period_choose_the_same_accounts_in_any_order():
    turned = seeds_of("2026-W30", ids=IDS[::-1])
    assert sorted(999 - turned) == seeds_of("2026-W30").tolist()


def test_new_account_replaces_at_most_one_seed():
    before, after = seeds_of("2026-W30"), seeds_of("2026-W30", ids=[*IDS, "newcomer"])
    assert common(before, after) >= N_SEEDS - 1


def test_seeds_of_two_periods_overlap_only_by_chance():
    chosen = [seeds_of(f"2026-W{week:02d}") for week in range(60)]
    assert overlaps_like_chance([common(a, b) for a, b in pairwise(chosen)])
    assert overlaps_like_chance([common(chosen[0], other) for other in chosen[1:]])


def test_every_account_is_chosen_as_often_as_chance_has_it():
    n_periods = 200
    counts = np.bincount(np.concatenate([seeds_of(f"{period}") for period in range(n_periods)]), minlength=len(IDS))
    # Counts of a fair choice are binomial; their spread is the tell-tale of favourites.
    share = N_SEEDS / len(IDS)
    assert counts.mean() == n_periods * share
    assert counts.var() == pytest.approx(n_periods * share * (1 - share), rel=0.25)


@pytest.mark.parametrize("guess", GUESSES)
def test_guess_without_the_secret_hits_only_by_chance(guess):
    """Whoever knows the method, the ids and the period, but not the secret, does not do better than chance."""
    periods = [f"2026-W{week:02d}" for week in range(50)]
    assert overlaps_like_chance([common(seeds_of(p), seeds_of(p, secret=GUESSES[guess](p))) for p in periods])


def test_earlier_seeds_tell_nothing_about_later_ones():
    """The best guess from 200 published periods, the accounts seen most and least often, hits only by chance."""
    seen = np.bincount(np.concatenate([seeds_of(f"{period}") for period in range(200)]), minlength=len(IDS))
    most, least = np.argsort(seen)[-N_SEEDS:], np.argsort(seen)[:N_SEEDS]
    later = [seeds_of(f"{period}") for period in range(200, 250)]
    assert overlaps_like_chance([common(most, chosen) for chosen in later])
    assert overlaps_like_chance([common(least, chosen) for chosen in later])


def test_chosen_positions_are_spread_evenly():
    positions = np.concatenate([seeds_of(f"{period}") for period in range(50)])
    assert kstest((positions + 0.5) / len(IDS), "uniform").pvalue > 0.001


def test_period_and_id_are_kept_apart():
    # Without the length of the period, "1" + "1x" and "11" + "x" would be one message.
    first = [seeds_of("1", ids=[f"1{i}" for i in range(20)], n_seeds=5)]
    second = [seeds_of("11", ids=[f"{i}" for i in range(20)], n_seeds=5)]
    assert not np.array_equal(first, second)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"secret": b"short"}, "secret is 5 bytes, not at least 16 bytes"),
        ({"secret": "x" * 32}, "secret is of type str, not at least 16 bytes"),
        ({"period": ""}, "period is empty"),
        ({"n_seeds": 0}, r"n_seeds is 0, not in 1..1000"),
        ({"n_seeds": 1001}, r"n_seeds is 1001, not in 1..1000 \(labelled accounts\)"),
        ({"n_seeds": 1.0}, "n_seeds is 1.0"),
        ({"ids": ["a", "a"], "n_seeds": 1}, "account_ids holds an id twice"),
    ],
)
def test_impossible_choice_is_refused(options, message):
    with pytest.raises(ParameterError, match=message):
        seeds_of(**{"period": "2026-W30", **options})


def test_message_about_a_short_secret_does_not_tell_it():
    with pytest.raises(ParameterError) as refused:
        seeds_of("2026-W30", secret=b"hunter2")
    assert "hunter2" not in str(refused.value)
