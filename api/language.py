"""Which language a request wants its texts in."""

from __future__ import annotations

from rules.timeline_text import LANGUAGES, Language

RANGES_MAX = 20  # a browser sends five


def wanted(asked: Language | None, accept_language: str | None, fallback: Language) -> Language:
    """`?lang=` first, then the best of Accept-Language (RFC 9110 12.5.4), then the gateway's own."""
    if asked is not None:
        return asked
    ranges = [_range(part) for part in (accept_language or "").split(",")[:RANGES_MAX]]
    best: tuple[float, Language] = (0.0, fallback)
    for tag, quality in ranges:
        for language in LANGUAGES:
            if tag.split("-")[0] == language and quality > best[0]:
                best = (quality, language)
    return best[1]


def _range(part: str) -> tuple[str, float]:
    """`zh-CN;q=0.8` → `("zh-cn", 0.8)`; a quality that is none counts as 0."""
    tag, _, parameter = part.strip().lower().partition(";")
    name, _, number = parameter.strip().partition("=")
    if name.strip() != "q":
        return tag.strip(), 1.0
    try:
        return tag.strip(), min(max(float(number), 0.0), 1.0)
    except ValueError:
        return tag.strip(), 0.0
