"""Reasons as text, in English and Chinese. Codes and parameters are stable; only the text is translated."""

from collections.abc import Mapping
from typing import Literal

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = ("en", "zh")

_DONE = {
    "en": {
        "purchase": "bought by {n} you trust",
        "share": "shared by {n} you trust",
        "review": "reviewed by {n} you trust",
        "report": "reported by {n} you trust",
        "follow": "followed by {n} you trust",
        "trust": "trusted by {n} you trust",
    },
    "zh": {
        "purchase": "您信任的{n}购买过",
        "share": "您信任的{n}分享过",
        "review": "您信任的{n}评价过",
        "report": "您信任的{n}举报过",
        "follow": "您信任的{n}关注了",
        "trust": "您信任的{n}信任",
    },
}
_LED_BY = {
    "en": {
        "trust": "mostly for the accounts you trust",
        "taste": "mostly for what you already have",
        "prior": "for its standing with everybody",
    },
    "zh": {"trust": "主要因为您信任的人", "taste": "主要因为您已有的商品", "prior": "因为总体口碑"},
}
_RESTS_ON = {
    "en": {
        "trust": "accounts that you trust",
        "taste": "what you already have",
        "prior": "standing with everybody, since nothing is known about you yet",
        "nothing": "nothing: the graph is empty",
    },
    "zh": {
        "trust": "您信任的账号",
        "taste": "您已有的商品",
        "prior": "总体口碑（尚不了解您）",
        "nothing": "无：图中没有数据",
    },
}
_JOIN = {"en": ", ", "zh": "，"}


def people(count: Mapping[str, int | str], language: Language) -> str:
    """A number of people, or its upper bound where the number would give somebody away."""
    if "fewer_than" in count:
        bound = count["fewer_than"]
        return f"fewer than {bound} people" if language == "en" else f"不到{bound}人"
    n = int(count["n"])
    if language == "zh":
        return f"{n}人"
    return "1 person" if n == 1 else f"{n} people"


def counted(count: Mapping[str, int | str], language: Language) -> str:
    """One plain count as text.

    >>> counted({"relation": "purchase", "n": 3}, "en"), counted({"relation": "purchase", "n": 3}, "zh")
    ('bought by 3 people you trust', '您信任的3人购买过')
    """
    return _DONE[language][str(count["relation"])].format(n=people(count, language))


def summary(counts: list[dict[str, int | str]], leading: str, language: Language) -> str:
    """One sentence: the counts, and which part leads."""
    parts = [counted(count, language) for count in counts] + [_LED_BY[language][leading]]
    text = _JOIN[language].join(parts)
    return text[:1].upper() + text[1:]


def rests_on(parts: list[str], language: Language) -> str:
    """What an answer rests on, as text."""
    return _JOIN[language].join(_RESTS_ON[language][part] for part in parts or ["nothing"])
