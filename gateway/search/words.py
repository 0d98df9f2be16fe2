"""Texts as words: the same for what is kept and what is asked.

Chinese, Japanese and Korean have no spaces, and most of their words have two characters: a run of them becomes each
pair of neighbours and the last one alone, so that any part of it is found, of one character as well. (An index of
trigrams finds nothing shorter than three: neither 火灾 nor 漏水.)
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

WORD_CHARACTERS_MAX = 64  # of one that is longer the beginning
_IDEOGRAPHS = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
_RUN = re.compile(rf"[{_IDEOGRAPHS}]+|[^\W_{_IDEOGRAPHS}]+")
_IS_IDEOGRAPH = re.compile(rf"[{_IDEOGRAPHS}]")


def _runs(text: str) -> Iterator[str]:
    return (each[0] for each in _RUN.finditer(unicodedata.normalize("NFKC", text).casefold()))


def words_of(texts: Iterable[str]) -> str:
    """As they are kept, with spaces between them."""
    return " ".join(word for text in texts for run in _runs(text) for word in _kept(run))


def _kept(run: str) -> list[str]:
    if _IS_IDEOGRAPH.match(run):
        return [run[at : at + 2] for at in range(len(run))]
    return [run[:WORD_CHARACTERS_MAX]]


def expression(text: str) -> str:
    """What is asked, for FTS5: all words, each from its beginning on; what stands together is found together.

    Raises ValueError for a text without any letter or digit.
    """
    terms: list[str] = []
    for part in text.split():
        runs = list(_runs(part))
        if not runs:
            continue
        words = [word for run in runs[:-1] for word in _kept(run)]
        last = _kept(runs[-1])
        words += last[:-1] or last  # the last of several is a beginning of the one before: more may stand behind it
        terms.append(f'"{" ".join(words)}" *')
    if not terms:
        raise ValueError(f"{text!r} has no letter and no digit; expected words to look for")
    return " AND ".join(terms)
