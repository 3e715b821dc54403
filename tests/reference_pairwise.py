"""Slow, obviously right versions of pairwise trust: the statement under test is removed, and all is counted anew.

Statements are a dict from (source, target) to value; nothing is shared with the package's kernels.
"""

import math

import numpy as np

PRIOR = 1.0


def without(said, pair):
    return {key: value for key, value in said.items() if key != pair}


def shrunk(values, prior=PRIOR):
    return sum(values) / (len(values) + prior)


def by(said, account):
    """What an account says: pairs of target and value."""
    return [(b, value) for (a, b), value in said.items() if a == account]


def about(said, account):
    """What is said about an account: pairs of source and value."""
    return [(a, value) for (a, b), value in said.items() if b == account]


def deviation(said, a, b, prior):
    """How much more ``a`` says of ``b`` than the others do."""
    return said[a, b] - shrunk([value for c, value in about(said, b) if c != a], prior)


def unfairness(said, a, prior, *, but=None):
    return shrunk([abs(deviation(said, a, b, prior)) / 2 for b, _ in by(said, a) if b != but], prior)


def bias(said, a, prior, *, but=None):
    return shrunk([deviation(said, a, b, prior) for b, _ in by(said, a) if b != but], prior)


def likeness(said, a, c):
    """How much ``c`` counts as a witness for ``a``."""
    mine, theirs = dict(by(said, a)), dict(by(said, c))
    both = mine.keys() & theirs.keys()
    if not both:
        return 0.0
    apart = sum(abs(mine[d] - theirs[d]) for d in both) / len(both)
    return math.exp(-4 * apart) * len(both) / (len(both) + 2)


def kinship(said, a, c, prior):
    """How much ``c`` deviates from everybody as ``a`` does, from -1 to 1."""
    both = dict(by(said, a)).keys() & dict(by(said, c)).keys()
    ours = [(deviation(said, a, d, prior), deviation(said, c, d, prior)) for d in both]
    return sum(x * y for x, y in ours) / (sum((x * x + y * y) / 2 for x, y in ours) + 0.25)


def of_source(said, a, prior):
    return {
        "source gives": shrunk([value for _, value in by(said, a)], prior),
        "source deviates": bias(said, a, prior),
        "source is unfair": unfairness(said, a, prior),
        "source is trusted": shrunk([value for _, value in about(said, a)], prior),
        "source is new": prior / (prior + len(by(said, a))),
        "source is active": math.log(1 + len(by(said, a))),
        "source is known": math.log(1 + len(about(said, a))),
    }


def of_target(said, b, prior):
    heard = about(said, b)
    return {
        "target receives": shrunk([value for _, value in heard], prior),
        "target's goodness": shrunk([(1 - unfairness(said, c, prior, but=b)) * value for c, value in heard], prior),
        "target receives, corrected": shrunk([value - bias(said, c, prior, but=b) for c, value in heard], prior),
        "target is distrusted": shrunk([1.0 if value < 0 else 0.0 for _, value in heard], prior),
        "target is new": prior / (prior + len(heard)),
        "target is known": math.log(1 + len(heard)),
        "target gives": shrunk([value for _, value in by(said, b)], prior),
        "target is active": math.log(1 + len(by(said, b))),
    }


def weighed(pairs, prior):
    """Sum of weight times value, over the sum of absolute weights and the prior."""
    return sum(weight * value for weight, value in pairs) / (sum(abs(weight) for weight, _ in pairs) + prior)


def of_paths(said, a, b, prior):
    witnesses = [(likeness(said, a, c), value) for c, value in about(said, b)]
    kindred = [(kinship(said, a, c, prior), deviation(said, c, b, prior)) for c, _ in about(said, b)]
    agreement = [1 - 2 * abs(said[a, c] - value) for c, value in by(said, b) if (a, c) in said]
    return {
        "reciprocity": said.get((b, a), 0.0),
        "answered": float((b, a) in said),
        "trusted say": weighed([(said[a, c], v) for c, v in about(said, b) if (a, c) in said], prior),
        "judges say": weighed([(said[c, a], v) for c, v in about(said, b) if (c, a) in said], prior),
        "trusting say": weighed([(v, said[c, a]) for c, v in by(said, b) if (c, a) in said], prior),
        "agreement": shrunk(agreement, prior),
        "like-minded say": weighed(witnesses, prior),
        "like-minded found": math.log(1 + sum(weight for weight, _ in witnesses)),
        "kindred deviate": weighed(kindred, prior),
    }


def terms(said, a, b, prior=PRIOR):
    """Every term of a pair by name, and the evidence, with the pair's own statement removed."""
    said = without(said, (a, b))
    found = of_source(said, a, prior) | of_target(said, b, prior) | of_paths(said, a, b, prior) | {"base": 1.0}
    found["fairness x goodness"] = (1 - found["source is unfair"]) * found["target's goodness"]
    n_agreement = sum((a, c) in said for c, _ in by(said, b))
    return found, len(about(said, b)) + ((b, a) in said) + n_agreement


def habit(said, a, prior, *, sign):
    """What ``a`` says on average, shrunk towards what all say."""
    said = {pair: float(np.sign(value)) if sign else value for pair, value in said.items()}
    usual = sum(said.values()) / max(len(said), 1)
    return (sum(value for _, value in by(said, a)) + prior * usual) / (len(by(said, a)) + prior)


def ridge(columns, wanted, penalty, base):
    """Ridge weights by stacking the penalty below the examples, and least squares."""
    held = np.full(columns.shape[1], penalty)
    held[base] = 1.0
    stacked = np.vstack([columns, np.diag(np.sqrt(held))])
    return np.linalg.lstsq(stacked, np.append(wanted, np.zeros(len(held))), rcond=None)[0]


def macro_f1(called, positive):
    called, positive = np.asarray(called), np.asarray(positive)
    parts = []
    for truth in (True, False):
        hits = ((called == truth) & (positive == truth)).sum()
        parts.append(2 * hits / ((called == truth).sum() + (positive == truth).sum()))
    return sum(parts) / 2
