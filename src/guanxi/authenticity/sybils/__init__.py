"""Who is fake, judging by ties and a few labels: pure functions on a ``TrustGraph``, one algorithm per file.

Scores are residual probabilities of being fake: above zero likelier fake than not, below zero likelier honest, zero
where nothing is known. A prior says it before the ties are looked at, a score afterwards.
"""

from guanxi.authenticity.sybils.bounded import bounded_scar
from guanxi.authenticity.sybils.gang import gang
from guanxi.authenticity.sybils.priors import classifier_prior, label_prior
from guanxi.authenticity.sybils.scar import sybilscar
from guanxi.authenticity.sybils.seeds import rotating_seeds
from guanxi.authenticity.sybils.sybilrank import sybilrank
from guanxi.authenticity.sybils.ties import embedded_ties, mutual_ties, transitivity

__all__ = [
    "bounded_scar",
    "classifier_prior",
    "embedded_ties",
    "gang",
    "label_prior",
    "mutual_ties",
    "rotating_seeds",
    "sybilrank",
    "sybilscar",
    "transitivity",
]
