"""A small building and its rules, from a few lines of YAML: what the tests of the core are made of."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache
from hashlib import sha256
from textwrap import dedent
from typing import Any
from zoneinfo import ZoneInfo

from gateway.files import read_document, validate
from rules.class_file import ClassFile
from rules.codec import decode_directory, decode_roster, encode
from rules.condition_file import Condition
from rules.people import Roster
from rules.response_plan import PlanBook, PlanFile
from rules.ruleset import ConfirmRule, DetectionRule, RuleFile, Ruleset
from rules.schedule import Calendar
from rules.site import Directory
from rules.site_file import SiteFile, build_directory

SITE = "tower-a"

CLASSES = """
device_classes:
  smoke_detector:
    title: {en: Smoke detector}
    life_safety: true
    silent_after: 10min
    metrics:
      smoke: {kind: number, unit: dB/m, min: 0, max: 10}
      temperature: {kind: number, unit: °C}
      alarm: {kind: boolean}
  call_point: {title: {en: Call point}, silent_after: 1h, metrics: {alarm: {kind: boolean}}}
  energy_meter:
    title: {en: Energy meter}
    silent_after: 5min
    metrics: {power_w: {kind: number, unit: W, min: 0}, voltage_v: {kind: number, unit: V}}
    rated: {power_w: {unit: W}}
  door:
    title: {en: Door controller}
    silent_after: 1h
    metrics: {open: {kind: boolean}, position: {kind: string, values: [open, ajar, closed]}, forced: {kind: boolean}}
    events: {denied: {}, granted: {}, duress: {}}
  smoke_vent:
    title: {en: Smoke vent}
    silent_after: 1h
    metrics: {open: {kind: boolean}}
    commands: {open: {}, close: {}}
"""

# zone → device → class, or [class, {its rated values}], or {what else a site file says of it}
ZONES = {
    "12F-east": {
        "sd-1": "smoke_detector",
        "sd-2": "smoke_detector",
        "sd-3": "smoke_detector",
        "mcp-1": "call_point",
        "em-1": ["energy_meter", {"power_w": 1000.0}],
        "door-1": "door",
        "vent-1": "smoke_vent",
        "vent-2": "smoke_vent",
    },
    "12F-west": {"sd-8": "smoke_detector", "sd-9": "smoke_detector", "vent-9": "smoke_vent"},
}

FIRE = """
rules:
  - id: smoke-high
    title: {en: Smoke above alarm threshold, zh: 烟雾浓度超过报警阈值}
    device_class: smoke_detector
    hazard: fire
    signal: alarm
    when: {metric: smoke, above: 0.15}
    clear: {metric: smoke, below: 0.08}
  - id: call-point
    title: {en: Manual call point pressed, zh: 手动报警按钮按下}
    device_class: call_point
    hazard: fire
    signal: alarm
    when: {metric: alarm, is: true}
  - id: fire-confirmed
    title: {en: Fire confirmed, zh: 火警确认}
    hazard: fire
    level: I
    confirm: {of: [smoke-high], distinct_devices: 2, within: 60s, same: zone}
    or: [call-point]
    pre_alarm: {level: II, acknowledge_within: 15s, investigate_within: 180s}
"""

FIRE_PLAN = """
plans:
  - id: fire
    title: {en: Fire, zh: 火灾}
    hazard: fire
    lead: safety_officer
    team: [duty_officer, project_manager]
    acknowledge: {within: 1h, ladder: [duty_officer, safety_officer]}
    first_response_within: 2h
    steps:
      - id: open-vents
        title: {en: Open the smoke vents}
        level: I
        command: {device_class: smoke_vent, command: open, retries: 0}
"""


def yaml(text: str) -> Any:
    """YAML as Tocsin reads it."""
    document = read_document(dedent(text), "inline.yaml")
    assert not document.problems, "\n".join(map(str, document.problems))
    return document.value


def directory(
    zones: Mapping[str, Mapping[str, Any]] = ZONES,
    *,
    classes: str = CLASSES,
    timezone: str = "Asia/Shanghai",
    holidays: tuple[str, ...] = (),
) -> Directory:
    """One site; a zone's floor is what stands before the `-` in its name."""
    floors: dict[str, list[dict[str, Any]]] = {}
    for zone, devices in zones.items():
        entries = [_device(name, entry) for name, entry in devices.items()]
        floors.setdefault(zone.partition("-")[0], []).append({"id": zone, "devices": entries})
    site = {
        "site": SITE,
        "title": {"en": "Tower A"},
        "timezone": timezone,
        "holidays": list(holidays),
        "buildings": [{"id": "tower", "floors": [{"id": floor, "zones": each} for floor, each in floors.items()]}],
    }
    made, problems = build_directory({"classes": _classes(classes)}, {"site": SiteFile.model_validate(site)})
    assert made is not None, "\n".join(map(str, problems))
    return made


@cache
def _classes(text: str) -> ClassFile:
    return ClassFile.model_validate(yaml(text))


def _device(name: str, entry: Any) -> dict[str, Any]:
    if isinstance(entry, dict):
        return {"id": name, **entry}
    device_class, rated = (entry, {}) if isinstance(entry, str) else entry
    return {"id": name, "class": device_class, "rated": rated}


@cache
def rules(*texts: str) -> Ruleset:
    """What stands in rule files, in order."""
    detections: dict[str, DetectionRule] = {}
    confirmations: dict[str, ConfirmRule] = {}
    for text in texts:
        content, problems = validate(RuleFile, read_document(dedent(text), "rules.yaml"))
        assert content is not None, "\n".join(map(str, problems))
        detections |= {rule.id: rule for rule in content.rules if isinstance(rule, DetectionRule)}
        confirmations |= {rule.id: rule for rule in content.rules if isinstance(rule, ConfirmRule)}
    return Ruleset(detections=detections, confirmations=confirmations)


@cache
def plans(*texts: str) -> PlanBook:
    """What stands in plan files, in order."""
    book = PlanBook()
    for text in texts:
        content, problems = validate(PlanFile, read_document(dedent(text), "plans.yaml"))
        assert content is not None, "\n".join(map(str, problems))
        book = PlanBook(
            plans=book.plans | {plan.id: plan for plan in content.plans},
            inhibitions=book.inhibitions | {each.id: each for each in content.inhibitions},
            discipline=content.discipline or book.discipline,
            orders=content.orders or book.orders,
            reviews=content.reviews or book.reviews,
            drills=content.drills or book.drills,
            theory=book.theory | {paper.plan: paper for paper in content.theory},
        )
    return book


def rule(when: str, clear: str | None = None, **more: Any) -> DetectionRule:
    """A rule about every smoke detector that opens an incident, with these conditions."""
    written = {
        "id": "r",
        "title": {"en": "The rule"},
        "device_class": "smoke_detector",
        "hazard": "test",
        "signal": "alarm",
        "level": "III",
        "when": Condition.model_validate(yaml(when)),
        "clear": Condition.model_validate(yaml(clear)) if clear else None,
    }
    return DetectionRule.model_validate(written | more)


def ruleset(*detections: DetectionRule) -> Ruleset:
    return Ruleset(detections={each.id: each for each in detections})


def calendars(of: Directory) -> dict[str, Calendar]:
    return {
        site.id: Calendar(ZoneInfo(site.timezone), frozenset(date.fromisoformat(day) for day in site.holidays))
        for site in of.sites.values()
    }


class Stored:
    """Documents by content hash, kept as bytes, as the shell does."""

    def __init__(self) -> None:
        self.bodies: dict[str, bytes] = {}

    def add(self, document: Directory | Ruleset | PlanBook | Roster) -> str:
        body = document.to_bytes() if isinstance(document, Ruleset | PlanBook) else encode(document)
        version = sha256(body).hexdigest()
        self.bodies[version] = body
        return version

    def directory(self, version: str) -> Directory:
        return decode_directory(self.bodies[version])

    def ruleset(self, version: str) -> Ruleset:
        return Ruleset.model_validate_json(self.bodies[version])

    def plans(self, version: str) -> PlanBook:
        return PlanBook.model_validate_json(self.bodies[version])

    def roster(self, version: str) -> Roster:
        return decode_roster(self.bodies[version])
