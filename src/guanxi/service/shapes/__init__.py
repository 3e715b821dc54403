"""The shapes of events and answers, for the OpenAPI document; a test holds real answers against them.

Answers are written as bytes straight from the engine's data, so nothing here runs while a request is served.
"""

from guanxi.service.shapes import topics
from guanxi.service.shapes.authenticity import AuthenticityAnswer, Interval
from guanxi.service.shapes.base import Envelope, NoMeta, ProblemShape, Shape, SurelyPlaced
from guanxi.service.shapes.events import BatchAnswer, ErasedAnswer, Event, EventAnswer
from guanxi.service.shapes.operations import Alive, Ready, StatsAnswer
from guanxi.service.shapes.recommended import AccountsAnswer
from guanxi.service.shapes.trust import PairwiseFigures, RankingAnswer, TrustData

__all__ = [
    "AccountsAnswer",
    "Alive",
    "AuthenticityAnswer",
    "BatchAnswer",
    "Envelope",
    "ErasedAnswer",
    "Event",
    "EventAnswer",
    "Interval",
    "NoMeta",
    "PairwiseFigures",
    "ProblemShape",
    "RankingAnswer",
    "Ready",
    "Shape",
    "StatsAnswer",
    "SurelyPlaced",
    "TrustData",
    "topics",
]
