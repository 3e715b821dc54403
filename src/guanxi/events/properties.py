"""Properties as one canonical text: the same properties are the same bytes, whatever the order of their keys."""

import json
import math


def canonical_object(text: str) -> str | None:
    """Rewrite a JSON object with sorted keys and no white space, or None where the text is none.

    >>> canonical_object('{"b": 1, "a": [true]}')
    '{"a":[true],"b":1}'
    >>> canonical_object('{"a": NaN}') is None
    True
    """
    try:
        parsed = json.loads(text, parse_constant=_refuse, parse_float=_finite)
        if not isinstance(parsed, dict):
            return None
        written = json.dumps(parsed, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        written.encode("utf-8")  # lone surrogates pass through JSON escapes, but are no text
    except (ValueError, RecursionError):
        return None
    return written


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise ValueError(digits)
    return number


def _refuse(name: str) -> None:
    raise ValueError(name)
