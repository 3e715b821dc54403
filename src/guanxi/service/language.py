"""The language of an answer, from ``Accept-Language`` (RFC 9110, section 12.5.4)."""

from guanxi.engine.wording import LANGUAGES, Language

_MAX_ENTRIES = 20


def preferred(header: str) -> Language:
    """The language that a caller likes best among those that we speak; the first one where that says nothing.

    >>> preferred("zh-CN,zh;q=0.9,en;q=0.8"), preferred("fr, en;q=0.5, zh;q=0"), preferred("")
    ('zh', 'en', 'en')
    """
    best, best_weight = LANGUAGES[0], 0.0
    for entry in header.split(",")[:_MAX_ENTRIES]:
        tag, _, rest = entry.partition(";")
        primary = tag.strip().lower().partition("-")[0]
        weight = _weight(rest)
        for language in LANGUAGES:
            if primary == language and weight > best_weight:
                best, best_weight = language, weight
    return best


def _weight(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return min(1.0, max(0.0, float(value)))
    except ValueError:
        return 0.0
