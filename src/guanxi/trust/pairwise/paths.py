"""Evidence about a pair from short paths between the two, with the pair's own statement left out.

Returns sums per pair, one column each, named by ``PATH_SUMS``. Everything about the source alone is gathered once per
run of equal sources; a pair then costs the statements about, and by, its target. Agreement with a witness is gathered
over all accounts that both judged, and the pair's own target is taken out again for each witness.
"""

import numpy as np

from guanxi import compiled as nb
from guanxi.trust.options import Vector
from guanxi.trust.pairwise.statements import Indices, Statements

PATH_SUMS = (
    "returned",  # what the target says of the source
    "n_returned",  # whether it says anything
    "trusted_say",  # source -> c -> target: product of the two, and what it could have been at most
    "trusted_most",
    "judges_say",  # c -> source and c -> target
    "judges_most",
    "trusting_say",  # target -> c -> source
    "trusting_most",
    "agreement",  # source -> c <- target: 1 where both say the same of c, -1 where they say the opposite
    "n_agreement",
    "like_minded_say",  # what witnesses say of the target, by how much they agree with the source
    "like_minded_most",
    "kindred_deviate",  # how witnesses deviate about the target, by how much they deviate as the source does
    "kindred_most",
)
SHARPNESS = 4.0  # a witness whose statements differ from the source's by .25 on average counts 1/e
KINDRED_PRIOR = 0.25  # squared deviation that halves kinship: that of four shared accounts at .25 each
SHARED_PRIOR = 2.0  # accounts that both must have judged before agreement counts half of what it could


def path_sums(statements: Statements, deviation: Vector, sources: Indices, targets: Indices, *, prior: float) -> Vector:
    """Sums of ``PATH_SUMS`` for every pair, shape (k, 14), as if nothing had been said from source to target.

    ``deviation`` says how far every statement is from the mean of the others about its target, which is shrunk by
    ``prior`` neutral statements.

    Notes
    -----
    Time O(sum over distinct sources of the statements about the accounts that it judged, plus sum over pairs of the
    statements about and by the target); memory O(n + k).
    """
    order = np.lexsort((targets, sources))
    into, said = statements.in_order, statements.value
    sums = np.empty((len(sources), len(PATH_SUMS)))
    sums[order] = _path_sums(
        sources[order],
        targets[order],
        (statements.offsets, statements.target, said, deviation),
        (statements.in_offsets, statements.source[into], said[into], deviation[into]),
        prior,
    )
    return sums


@nb.njit(cache=True, nogil=True)
def _path_sums(sources, targets, out, into, prior):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Sums of pairs that are sorted by source; what belongs to one source bears its index as a stamp."""
    n = len(out[0]) - 1
    sums = np.zeros((len(sources), 14))
    by_source = (np.full(n, -1), np.zeros(n), np.zeros(n))
    about_source = (np.full(n, -1), np.zeros(n), np.zeros(n))
    met = (np.full(n, -1), np.zeros((n, 4)))
    for p in range(len(sources)):
        a, b = sources[p], targets[p]
        if p == 0 or a != sources[p - 1]:
            _lay_out(out, a, by_source)
            _lay_out(into, a, about_source)
            _meet(out, into, a, met)
        if about_source[0][b] == a:
            sums[p, 0], sums[p, 1] = about_source[1][b], 1.0
        _about(sums[p], a, b, into, by_source, about_source)
        _witnesses(sums[p], a, b, into, by_source, met, prior)
        _by(sums[p], a, b, out, by_source, about_source)
    return sums


@nb.njit(cache=True, nogil=True)
def _lay_out(rows, account, laid):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Lay the row of ``account`` out over all accounts."""
    offsets, others, values, deviations = rows
    for e in range(offsets[account], offsets[account + 1]):
        laid[0][others[e]] = account
        laid[1][others[e]] = values[e]
        laid[2][others[e]] = deviations[e]


@nb.njit(cache=True, nogil=True)
def _meet(out, into, account, met):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Compare ``account`` with every witness over the accounts that both judged.

    Adds up how many these are, how far the two are from each other, the product of their deviations, and the mean of
    the squares of both.
    """
    offsets, targets, values, deviations = out
    in_offsets, sources, in_values, in_deviations = into
    stamp, sums = met
    for e in range(offsets[account], offsets[account + 1]):
        for f in range(in_offsets[targets[e]], in_offsets[targets[e] + 1]):
            c = sources[f]
            if stamp[c] != account:
                stamp[c] = account
                sums[c] = 0.0
            sums[c, 0] += 1.0
            sums[c, 1] += abs(values[e] - in_values[f])
            sums[c, 2] += deviations[e] * in_deviations[f]
            sums[c, 3] += (deviations[e] ** 2 + in_deviations[f] ** 2) / 2


@nb.njit(cache=True, nogil=True)
def _about(row, a, b, into, by_source, about_source):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Go through the statements about ``b``, but for that of ``a``, for those whom ``a`` knows."""
    in_offsets, sources, values, _ = into
    for e in range(in_offsets[b], in_offsets[b + 1]):
        c, said = sources[e], values[e]
        if c == a:
            continue
        if by_source[0][c] == a:
            row[2] += by_source[1][c] * said
            row[3] += abs(by_source[1][c])
        if about_source[0][c] == a:
            row[4] += about_source[1][c] * said
            row[5] += abs(about_source[1][c])


@nb.njit(cache=True, nogil=True)
def _witnesses(row, a, b, into, by_source, met, prior):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Go through the statements about ``b``, but for that of ``a``, for those who have judged what ``a`` has."""
    in_offsets, sources, values, deviations = into
    first, last = in_offsets[b], in_offsets[b + 1]
    judged = by_source[0][b] == a
    mine, my_deviation = (by_source[1][b], by_source[2][b]) if judged else (0.0, 0.0)
    total, n_others = -mine, last - first - 1 - judged
    for e in range(first, last):
        total += values[e]
    for e in range(first, last):
        c, said = sources[e], values[e]
        if c == a or met[0][c] != a:
            continue
        n_shared, distance, product, square = met[1][c]
        if judged:  # then the two met at ``b``, too, which must not count
            n_shared, distance = n_shared - 1.0, max(distance - abs(mine - said), 0.0)
            product -= my_deviation * deviations[e]
            square -= (my_deviation**2 + deviations[e] ** 2) / 2
        if n_shared > 0.0:
            weight = np.exp(-SHARPNESS * distance / n_shared) * n_shared / (n_shared + SHARED_PRIOR)
            row[10] += weight * said
            row[11] += weight
            kinship = product / (max(square, 0.0) + KINDRED_PRIOR)
            row[12] += kinship * (said - (total - said) / (n_others + prior))
            row[13] += abs(kinship)


@nb.njit(cache=True, nogil=True)
def _by(row, a, b, out, by_source, about_source):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Go through the statements of ``b``, but for that about ``a``."""
    offsets, others, values, _ = out
    for e in range(offsets[b], offsets[b + 1]):
        c, said = others[e], values[e]
        if c == a:
            continue
        if about_source[0][c] == a:
            row[6] += said * about_source[1][c]
            row[7] += abs(said)
        if by_source[0][c] == a:
            row[8] += 1.0 - 2.0 * abs(by_source[1][c] - said)
            row[9] += 1.0
