"""Personal trust on one topic: what the topic's own evidence says, and general trust where that is thin."""

from dataclasses import dataclass

import numpy as np

from guanxi.errors import ParameterError
from guanxi.graph import TrustGraph
from guanxi.graph.rows import row_sums
from guanxi.trust.options import Vector
from guanxi.trust.personal import PersonalTrust, personal_trust
from guanxi.trust.row import TrustRow


@dataclass(frozen=True, slots=True, eq=False)
class TopicTrust:
    """Trust of every account from one viewer on one topic.

    Attributes
    ----------
    scores : numpy.ndarray, shape (n,), float64
        ``(1 - fallback) * on_topic.scores + fallback * general.scores``.
    on_topic, general : PersonalTrust
        Over the topic's graph, and over that of everything.
    fallback : float
        Weight of general trust, in 0..1.
    own_evidence : float
        Local trust that the viewer's own events give on the topic, after discounts.
    n_giving : int
        How many accounts the trust on the topic rests on: those that it reaches and that pass some of it on.
    """

    scores: Vector
    on_topic: PersonalTrust
    general: PersonalTrust
    fallback: float
    own_evidence: float
    n_giving: int


def topic_trust(graph: TrustGraph, general: PersonalTrust, *, row: TrustRow | None = None, half: float) -> TopicTrust:
    """Personal trust on a topic, by the viewer, restart and discount of general personal trust.

    An account that gives evidence ``W`` on the topic is worth ``W / (half + W)``, as a mean is shrunk towards what is
    known otherwise. The weight of general trust is what the accounts that trust on the topic passes through lack of
    it, on average over the trust that each passes on::

        fallback = sum p(a) * half / (half + W(a)) / sum p(a),    p(a) = x(a) * W(a) / (all that a gives)

    ``x`` is trust on the topic, and ``W`` counts each trusted account times its discount. Every step begins at the
    viewer again, whose own evidence so counts most; an account that holds a share of this trust moves the weight by
    no more than that share, however much evidence it makes up.

    Parameters
    ----------
    graph : TrustGraph
        Local trust on the topic.
    general : PersonalTrust
        Of the same viewer.
    row : TrustRow, optional
        Whom the viewer trusts on the topic, where the graph does not know it; required where it does not know the
        viewer.
    half : float
        The evidence, in units of local trust, at which topic and general trust count alike; finite, at least 0.

    Returns
    -------
    TopicTrust
        With fallback 1, and so general trust to the bit, where the viewer gives no evidence on the topic.

    Raises
    ------
    ParameterError
        If ``half`` is out of range.

    Examples
    --------
    >>> everything = TrustGraph.from_edges(3, source=[0, 0], target=[1, 2], weight=[1.0, 3.0])
    >>> cameras = TrustGraph.from_edges(3, source=[0], target=[2], weight=[3.0])
    >>> found = topic_trust(cameras, personal_trust(everything, 0, restart=0.5), half=1.0)
    >>> found.fallback, found.scores.round(4).tolist()
    (0.25, [0.6667, 0.0208, 0.3125])
    """
    if not 0 <= half < float("inf"):
        raise ParameterError(f"half is {half}, not a finite number of at least 0")
    on_topic = personal_trust(graph, general.viewer, row=row, discount=general.discount, restart=general.restart)
    mass, given, real = _giving(graph, on_topic)
    at = len(mass) - 1 if general.viewer is None else general.viewer
    passing = real > 0
    passed = mass[passing] * (real[passing] / given[passing])
    fallback = float((passed * (half / (half + real[passing]))).sum() / passed.sum()) if real[at] > 0 else 1.0
    scores = (1 - fallback) * on_topic.scores + fallback * general.scores
    n_giving = int((passed > 0).sum()) if real[at] > 0 else 0
    return TopicTrust(scores, on_topic, general, fallback, float(real[at]), n_giving)


def _giving(graph: TrustGraph, personal: PersonalTrust) -> tuple[Vector, Vector, Vector]:
    """Trust of every account, what it gives, and what of that discounts let through.

    A viewer whom the graph does not know comes last.
    """
    arrives = np.ones(graph.n) if personal.discount is None else personal.discount
    mass, given = personal.scores, graph.out_sums
    real = row_sums(graph.offsets, graph.weights * arrives[graph.targets])
    row = personal.row
    if row is None:
        return mass, given, real
    own = row.weights.sum(), (row.weights * arrives[row.targets]).sum()
    if personal.viewer is None:
        return np.append(mass, personal.viewer_mass), np.append(given, own[0]), np.append(real, own[1])
    given[personal.viewer], real[personal.viewer] = own
    return mass, given, real
