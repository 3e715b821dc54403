"""Learning a strategy from what viewers did later: split by time, search on validation, one look at the test."""

from guanxi.engine.fitting.fit import FitOptions, Progress, fit, fit_store
from guanxi.engine.fitting.gains import Gain
from guanxi.engine.fitting.report import Change, Fit, Judged, Learned, Means, Parts
from guanxi.engine.fitting.splitting import MIN_VIEWERS, Target

__all__ = [
    "MIN_VIEWERS",
    "Change",
    "Fit",
    "FitOptions",
    "Gain",
    "Judged",
    "Learned",
    "Means",
    "Parts",
    "Progress",
    "Target",
    "fit",
    "fit_store",
]
