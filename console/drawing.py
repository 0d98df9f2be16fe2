"""Templates (`templates/`): pure functions of what is known to HTML. Every text is escaped that no template made."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from console import clock as times
from console.client import Json
from console.settings import Language
from console.words import say, title

TEMPLATES = Path(__file__).parent / "templates"
LEVELS = ("I", "II", "III")


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"ms": ms, "clock": clock, "day_and_clock": day_and_clock}
    made.filters |= {"number": number, "percent": percent, "moment": moment}
    return made


def draw(template: str, language: Language, **known: Any) -> Markup:
    """`t(key)` says a word, `named(titles, otherwise)` a title."""
    words = {
        "language": language,
        "t": lambda key, **filled: say(key, language, **filled),
        "named": lambda titles, otherwise="": title(titles, language, otherwise),
    }
    return Markup(_environment().get_template(template).render(known | words))  # noqa: S704 # nosec B704 - the templates escape


def instant_of(instant: str) -> datetime:
    """RFC 3339, in UTC."""
    return datetime.fromisoformat(instant)


def ms(instant: str | None) -> int:
    """RFC 3339 → Unix milliseconds; 0 for none."""
    return 0 if instant is None else round(datetime.fromisoformat(instant).timestamp() * 1000)


def rfc3339(at_ms: int) -> str:
    """Unix milliseconds → RFC 3339, as questions to the API have it."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def local(instant: str) -> datetime:
    """RFC 3339, in the zone that pages tell the time in."""
    return times.zone.local(datetime.fromisoformat(instant))


def clock(instant: str | None) -> str:
    """Of day."""
    return "–" if instant is None else local(instant).strftime("%H:%M:%S")


def day_and_clock(instant: str | None) -> str:
    return "–" if instant is None else local(instant).strftime("%Y-%m-%d %H:%M:%S")


def moment(at_ms: int) -> str:
    """Day and time of Unix milliseconds."""
    return times.zone.local(datetime.fromtimestamp(at_ms / 1000, UTC)).strftime("%m-%d %H:%M")


def number(value: float | None) -> str:
    """As much of it as people read: three digits, or all before the point."""
    if value is None:
        return "–"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.{3 if abs(value) >= 1 else 2}g}"


def percent(share: float | None) -> str:
    return "–" if share is None else f"{share * 100:.0f} %" if share >= 0.1 or not share else f"{share * 100:.1f} %"


def floor_beside(zone: str, floor: str) -> str:
    """The floor, unless the zone's title has it: `12F east` and `12层东区` do."""
    number = "".join(filter(str.isdigit, floor))
    return "" if floor in zone or (number and number in zone) else floor


def worst_first(incidents: list[Json]) -> list[Json]:
    """By level; of one level what nobody has taken before what somebody has, and alarms before the rest.

    Then what waits longest, so that the list stands still in a flood and can be read; of what is taken the newest. An
    exercise comes after all that is real.
    """
    return sorted(
        incidents,
        key=lambda each: (
            each["mode"] != "actual",
            LEVELS.index(each["level"]),
            not unanswered(each),
            ("alarm", "supervisory", "trouble").index(each["signal"]),
            ms(each["opened_at"]) * (1 if unanswered(each) else -1),
        ),
    )


def unanswered(incident: Json) -> bool:
    return bool(incident["open"]) and incident["acknowledged_at"] is None


def sounding(incidents: list[Json]) -> str:
    """The level to sound for: the worst real I or II that nobody has acknowledged; empty: quiet."""
    waiting = {each["level"] for each in incidents if unanswered(each) and each["mode"] == "actual"}
    return next((level for level in ("I", "II") if level in waiting), "")
