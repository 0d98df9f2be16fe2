"""CAP 1.2 messages: what the published schema demands, and what an authority can rely on over a whole incident."""

from __future__ import annotations

import re
from datetime import UTC
from typing import Any
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import pytest
from capvalidator.validate import Validator
from hypothesis import given
from hypothesis import strategies as st

from rules.authorities import CATEGORIES, update_authorities
from rules.cap import NAMESPACE, CapMessage, Category, Certainty, Info, MessageKind, Severity, Urgency, cap_time, to_xml
from rules.effects import SendToAuthority
from rules.engine import Engine
from rules.incident import StepStage
from rules.instant import parse_rfc3339
from rules.mode import Mode
from rules.timeline import Kind
from rules.turn import Turn
from tests.support import building
from tests.support.core import Core
from tests.support.roster import roster

DATE = re.compile(r"\d\d\d\d-\d\d-\d\dT\d\d:\d\d:\d\d[-,+]\d\d:\d\d")
ALERT_ORDER = ["identifier", "sender", "sent", "status", "msgType", "scope", "addresses", "note", "references"]
ALERT_ORDER += ["incidents", "info"]
INFO_ORDER = ["language", "category", "event", "responseType", "urgency", "severity", "certainty", "senderName"]
INFO_ORDER += ["headline", "description", "web", "contact", "area"]
ENUMERATIONS = {
    "status": {"Actual", "Exercise", "System", "Test", "Draft"},
    "msgType": {"Alert", "Update", "Cancel", "Ack", "Error"},
    "scope": {"Public", "Restricted", "Private"},
    "category": {
        "Geo", "Met", "Safety", "Security", "Rescue", "Fire", "Health", "Env", "Transport", "Infra", "CBRNE", "Other",
    },
    "responseType": {
        "Shelter", "Evacuate", "Prepare", "Execute", "Avoid", "Monitor", "Assess", "AllClear", "None",
    },
    "urgency": {"Immediate", "Expected", "Future", "Past", "Unknown"},
    "severity": {"Extreme", "Severe", "Moderate", "Minor", "Unknown"},
    "certainty": {"Observed", "Likely", "Possible", "Unlikely", "Unknown"},
}  # fmt: skip
TEXTS = st.text(max_size=40)
PLAN = """
plans:
  - id: fire
    title: {en: Fire}
    hazard: fire
    lead: safety_officer
    team: [duty_officer]
    acknowledge: {within: 1h, ladder: [safety_officer]}
    first_response_within: 2h
    steps:
      - {id: call, title: {en: Call}, level: II, confirmed: false, authority: {to: TO, event: Structure Fire}}
"""


def fields(document: str) -> dict[str, str]:
    """Element → text, of the message itself."""
    root = ElementTree.fromstring(document)
    return {child.tag.partition("}")[2]: child.text or "" for child in root}


def blocks(document: str) -> list[dict[str, str]]:
    """Of each <info>: element → text."""
    root = ElementTree.fromstring(document)
    found = []
    for info in root.iter(f"{{{NAMESPACE}}}info"):
        found.append({child.tag.partition("}")[2]: child.text or "" for child in info})
        found[-1]["areaDesc"] = info.findtext(f"{{{NAMESPACE}}}area/{{{NAMESPACE}}}areaDesc") or ""
    return found


def assert_valid(document: str) -> None:
    """By the schema's own words, and by the published schema itself."""
    root = ElementTree.fromstring(document)
    assert root.tag == f"{{{NAMESPACE}}}alert"
    names = [child.tag.partition("}")[2] for child in root]
    assert names == sorted(names, key=ALERT_ORDER.index)
    said = fields(document)
    assert {"identifier", "sender", "sent", "status", "msgType", "scope"} <= set(said)
    for name in ("identifier", "sender"):
        assert said[name]
        assert not re.search(r"[\s,<&]", said[name])
    assert DATE.fullmatch(said["sent"])
    assert "addresses" in said or said["scope"] != "Private"
    assert said["msgType"] == "Alert" or said["references"]
    for info in root.iter(f"{{{NAMESPACE}}}info"):
        inner = [child.tag.partition("}")[2] for child in info]
        assert inner == sorted(inner, key=INFO_ORDER.index)
        assert {"category", "event", "urgency", "severity", "certainty", "area"} <= set(inner)
    for element in root.iter():
        allowed = ENUMERATIONS.get(element.tag.partition("}")[2])
        assert allowed is None or element.text in allowed
    valid, why = Validator(document.encode()).schema()
    assert valid, why


def a_message(**other: Any) -> CapMessage:
    info = Info(
        "en-US", Category.FIRE, "Structure Fire", "Execute", Urgency.IMMEDIATE, Severity.EXTREME, Certainty.OBSERVED,
        "Tower A", "A headline", "A description", "Tower A, 12F",
    )  # fmt: skip
    given: dict[str, Any] = {
        "identifier": "tower-a.INC-000001.AUT-000001",
        "sender": "tocsin@tower-a",
        "sent": "2026-11-24T08:00:00+08:00",
        "mode": Mode.ACTUAL,
        "kind": MessageKind.ALERT,
        "addresses": "fire_brigade",
        "incident": "INC-000001",
        "info": (info,),
    }
    return CapMessage(**given | other)


# ---- the document


@given(TEXTS, TEXTS, TEXTS, TEXTS)
def test_whatever_people_write_the_document_is_valid(event: str, headline: str, area: str, note: str) -> None:
    info = Info(
        "zh-CN", Category.FIRE, event or "x", "Execute", Urgency.PAST, Severity.MODERATE, Certainty.UNLIKELY,
        "Tower A", headline, "text", area or "x", "https://c.example/INC-1",
    )  # fmt: skip
    assert_valid(to_xml(a_message(info=(info,), note=note)))


@given(st.text(min_size=1, max_size=40))
def test_an_identifier_holds_nothing_that_a_list_of_references_cannot(text: str) -> None:
    said = fields(to_xml(a_message(identifier=f"a{text}")))["identifier"]
    assert not re.search(r"[\s,<&]", said)


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("kind", MessageKind)
def test_each_mode_and_kind_has_its_word(mode: Mode, kind: MessageKind) -> None:
    document = to_xml(a_message(mode=mode, kind=kind, references=(("a@b", "id-1", "2026-11-24T08:00:00+08:00"),)))
    assert_valid(document)
    assert fields(document)["status"].lower() == mode.value
    assert fields(document)["msgType"] == kind.value


@pytest.mark.parametrize(
    ("instant", "zone", "expected"),
    [
        ("2026-11-24T00:05:12.999Z", ZoneInfo("Asia/Shanghai"), "2026-11-24T08:05:12+08:00"),
        ("2026-07-01T00:00:00Z", ZoneInfo("America/St_Johns"), "2026-06-30T21:30:00-02:30"),
        ("2026-10-25T00:30:00Z", ZoneInfo("Europe/Berlin"), "2026-10-25T02:30:00+02:00"),
        ("2026-10-25T01:30:00Z", ZoneInfo("Europe/Berlin"), "2026-10-25T02:30:00+01:00"),
        ("2026-11-24T00:05:12Z", UTC, "2026-11-24T00:05:12-00:00"),
    ],
)
def test_time_is_local_with_its_offset_and_never_z(instant: str, zone: ZoneInfo, expected: str) -> None:
    assert cap_time(parse_rfc3339(instant), zone) == expected
    assert DATE.fullmatch(expected)


# ---- over an incident


def fire(to: str = "fire_brigade", *, mode: Mode = Mode.ACTUAL) -> Core:
    core = Core(building.FIRE, plans=PLAN.replace("TO", to), roster=roster())
    core.reading("sd-1", smoke=0.2, mode=mode)
    return core


def documents(core: Core) -> list[str]:
    return [effect.document for effect in core.effects if isinstance(effect, SendToAuthority)]


def update(core: Core, *, cancelled: bool = False) -> None:
    """As the engine calls it; its effects are those of a step."""
    engine: Engine = core.engine
    turn = Turn(engine.state, engine._force, core.now, engine._deadlines)
    update_authorities(turn, core.incident(), cancelled=cancelled)
    core.effects.extend(turn.outcome.effects)


def test_the_first_message_says_what_has_happened_where_in_both_languages() -> None:
    (document,) = documents(fire())
    assert_valid(document)
    said = fields(document)
    assert said["sender"] == "tocsin@tower-a.example"
    assert said["sent"] == "2026-11-24T08:00:00+08:00"
    assert (said["status"], said["msgType"], said["scope"], said["addresses"]) == (
        "Actual",
        "Alert",
        "Private",
        "fire_brigade",
    )
    assert said["incidents"] == "INC-000001"
    assert "references" not in said
    chinese, english = blocks(document)
    assert (chinese["language"], english["language"]) == ("zh-CN", "en-US")
    assert (chinese["event"], english["event"]) == ("火灾", "Structure Fire")
    assert english["areaDesc"] == "Tower A, tower, 12F, 12F-east"
    assert {block["category"] for block in (chinese, english)} == {"Fire"}
    assert (english["urgency"], english["severity"], english["certainty"]) == ("Immediate", "Severe", "Possible")
    assert english["web"] == "https://control-room.example/incidents/INC-000001"


def test_an_update_refers_to_all_messages_before_it_and_to_no_others() -> None:
    core = fire()
    core.reading("sd-2", smoke=0.2)
    if len(documents(core)) == 1:
        update(core)
    update(core)
    first, second, third = documents(core)[:3]
    for document in (first, second, third):
        assert_valid(document)
    names = [
        ",".join(fields(document)[name] for name in ("sender", "identifier", "sent")) for document in (first, second)
    ]
    assert fields(second)["references"] == names[0]
    assert fields(third)["references"] == " ".join(names)
    assert fields(second)["msgType"] == "Update"
    _, english = blocks(second)
    assert (english["severity"], english["certainty"]) == ("Extreme", "Observed")


def test_every_identifier_is_another_one() -> None:
    core = fire()
    for _ in range(5):
        update(core)
    identifiers = [fields(document)["identifier"] for document in documents(core)]
    assert len(set(identifiers)) == len(identifiers) == 6


def test_a_cancel_says_false_alarm_and_is_the_last_word() -> None:
    core = fire()
    update(core, cancelled=True)
    update(core)
    _, cancel = documents(core)
    assert_valid(cancel)
    assert fields(cancel)["msgType"] == "Cancel"
    assert "False alarm" in fields(cancel)["note"]
    assert {(block["certainty"], block["responseType"], block["urgency"]) for block in blocks(cancel)} == {
        ("Unlikely", "AllClear", "Past")
    }


def test_what_is_sent_and_received_is_on_the_timeline() -> None:
    core = fire()
    issued = core.entry(Kind.NOTICE_ISSUED)
    assert (issued.facts["what"], issued.facts["to"], issued.reason) == (
        "authority",
        "fire_brigade",
        "CAP Alert, level II",
    )


def test_an_exercise_reaches_no_authority_that_is_not_marked_for_it() -> None:
    core = fire(mode=Mode.EXERCISE)
    assert documents(core) == []
    assert core.entry(Kind.NOTICE_HELD_BACK).reason
    assert {step.stage for step in core.incident().steps} == {StepStage.SKIPPED}
    update(core)
    assert documents(core) == []


def test_an_exercise_is_marked_in_status_note_and_text() -> None:
    (document,) = documents(fire("drill_desk", mode=Mode.EXERCISE))
    assert_valid(document)
    assert fields(document)["status"] == "Exercise"
    assert fields(document)["note"] == "Exercise INC-000001"
    chinese, english = blocks(document)
    assert chinese["headline"].startswith("【演练】")
    assert english["headline"].startswith("EXERCISE: ")


def test_nothing_of_mode_test_goes_to_any_authority() -> None:
    assert documents(fire("drill_desk", mode=Mode.TEST)) == []


def test_an_authority_that_is_not_set_up_fails_the_step_with_a_reason() -> None:
    core = fire("coast_guard")
    assert core.entry(Kind.NOTICE_FAILED).reason == "no authority coast_guard is set up"
    assert core.incident().steps[0].stage is StepStage.FAILED


def test_an_authority_that_cannot_be_reached_is_a_trouble() -> None:
    core = fire()
    core.wait("1h")
    titles = [each.title["en"] for each in core.incident("INC-000002").evidence]
    assert "Messages do not reach the authority fire_brigade" in titles


def test_every_category_is_one_of_the_schema() -> None:
    assert {category.value for category in Category} <= ENUMERATIONS["category"]
    assert set(CATEGORIES.values()) <= set(Category)
