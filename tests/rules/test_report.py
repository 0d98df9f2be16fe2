"""What reports say, whatever format they come in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from rules.after_action_report import after_action_report
from rules.incident import Phase, StepStage
from rules.incident_report import incident_report
from rules.instant import HOUR_MS, MINUTE_MS, SECOND_MS, parse_rfc3339
from rules.local_time import LocalTime
from rules.mode import Mode
from rules.report import Facts, Grid, Paragraph, Report, Signatures, Tone, decode_report, encode_report
from rules.report_kinds import ReportKind, report_of
from rules.report_timeline import since
from rules.timeline import Entry, Kind
from rules.timeline_text import LANGUAGES, Language
from tests.support import reported
from tests.support.reported import BEGAN


@dataclass
class Read:
    """A report, by its sections."""

    report: Report

    def facts(self, section: str) -> dict[str, str]:
        return {fact.id: fact.cell.text for block in self._blocks(section, Facts) for fact in block.facts}

    def rows(self, section: str) -> list[list[str]]:
        return [[cell.text for cell in row] for block in self._blocks(section, Grid) for row in block.rows]

    def said(self, section: str) -> list[tuple[str, Tone]]:
        return [(block.text, block.tone) for block in self._blocks(section, Paragraph)]

    def _blocks(self, section: str, kind: type[Any]) -> list[Any]:
        found = [each for each in self.report.sections if each.id == section]
        return [block for each in found for block in each.blocks if isinstance(block, kind)]


def incident(language: Language = "en", **fields: Any) -> Read:
    return Read(incident_report(reported.facts(**fields), language))


def test_time_place_cause_measures_and_result_stand_first() -> None:
    read = incident()
    summary, course = read.facts("summary"), read.facts("course")
    assert summary["opened_at"] == "2026-11-24 13:00:00"
    assert summary["place"].endswith("12F-east")
    assert (course["cause"], course["measures"], course["result"]) == ("a pan", "put out", "nobody hurt")
    assert summary["commander"] == "safety officer"


def test_without_a_review_the_measures_are_what_was_done() -> None:
    read = incident(told=reported.incident(review=None))
    assert read.facts("course")["measures"] == "see; count people"
    assert read.said("review") == [("Not reviewed yet; due by 2027-02-22.", Tone.QUIET)]


def test_every_limit_stands_beside_what_it_took() -> None:
    rows = {row[0]: row[1:] for row in incident().rows("times")}
    assert rows["Acknowledged"] == ["13:00:00", "13:00:30", "30 s", "1 min", "response plan", "kept"]
    assert rows["First responder on site"][2:] == ["4 min", "3 min", "response plan", "MISSED"]
    assert rows["Task: count people"][-1] == "MISSED"
    assert rows["Linkage after confirmation"][2:] == ["2 s", "3 s", "GB 50166-2019 4.1.3", "kept"]
    assert rows["Closed"][2:] == ["10 min", "–", "", "–"]


def test_a_task_left_out_in_time_has_missed_nothing() -> None:
    skipped = reported.step("count-people", 2 * MINUTE_MS, 5 * MINUTE_MS, stage=StepStage.SKIPPED)
    stages = [row[0] for row in incident(told=reported.incident(steps=[skipped])).rows("times")]
    assert not any(stage.startswith("Task") for stage in stages)


def test_a_burst_of_commands_is_one_row_of_the_timeline_with_all_its_numbers() -> None:
    rows = incident().rows("timeline")
    assert rows[2] == ["3–4", "13:00:01.000", "+0:01.0", "2 commands: open 2"]
    assert len(rows) == len(reported.entries(reported.incident())) - 1


def test_a_timeline_too_long_to_print_says_how_much_is_left_out() -> None:
    told = reported.incident()
    notes = tuple(
        Entry(number, told.id, number, BEGAN + number, Kind.NOTED, by="duty-officer", facts={"text": "a note"})
        for number in range(1, 1_701)
    )
    read = incident(told=told, entries=notes)
    assert read.said("timeline") == [
        ("200 further entries are not printed; the timeline as CSV or JSON has all of them.", Tone.QUIET)
    ]
    assert len(read.rows("people")) == 200
    assert read.rows("people")[-1][0] == "and 1501 more"


def test_who_did_what_is_told_by_names() -> None:
    rows = incident().rows("people")
    assert rows[0][:2] == ["Duty officer", "duty officer"]
    assert [row[0] for row in rows[1:]] == ["", ""]
    assert rows[-1][-1] == "Closed: real, cause: a pan"


def test_an_exercise_is_stamped_and_its_lines_need_not_say_so_again() -> None:
    told = reported.incident(mode=Mode.EXERCISE)
    read = incident(told=told)
    assert (read.report.stamp, read.report.mode) == ("EXERCISE", Mode.EXERCISE)
    assert not any("EXERCISE" in cell for row in read.rows("timeline") for cell in row)
    assert incident("zh", told=told).report.stamp == "演练"
    assert incident().report.stamp == ""


def test_a_report_of_an_open_incident_says_that_it_is_not_the_last_word() -> None:
    told = reported.incident(phase=Phase.RESPONDING, closed_at=None, closed_by=None, review=None, finding=None)
    read = incident(told=told)
    assert read.report.interim
    assert read.said("summary")[0][0].startswith("Interim report")
    assert {row[0]: row[3] for row in read.rows("times")}["Closed"] == "running"


@pytest.mark.parametrize(("lead", "name"), [("duty_officer", "Duty officer"), ("safety_officer", "")])
def test_it_ends_with_fields_to_sign_for_whoever_commanded(lead: str, name: str) -> None:
    (signatures,) = [
        block
        for section in incident(lead=lead).report.sections
        for block in section.blocks
        if isinstance(block, Signatures)
    ]
    assert [(each.role, each.name) for each in signatures.signatures] == [
        ("Prepared by", ""),
        ("On-site command", name),
        ("Approved by", ""),
    ]


def test_the_after_action_report_appraises_by_counting_and_names_what_went_wrong() -> None:
    read = Read(after_action_report(reported.facts()))
    assert ("4 of 6 limits were kept.", Tone.BAD) in read.said("appraisal")
    assert ("2 of 2 tasks were done.", Tone.GOOD) in read.said("appraisal")
    assert [row[1] for row in read.rows("deviations")] == ["OVERDUE: task: count people"]
    assert [row[0] for row in read.rows("phases")] == ["activated", "responding", "closed"]
    assert read.rows("actions")[0][:3] == ["CA-000001", "Ashtrays outside", "Chen Jun"]


def test_an_action_under_way_is_no_fault_and_one_overdue_is() -> None:
    (action,) = reported.facts().actions
    late = msgspec.structs.replace(action, overdue=True)
    said = ["0 of 1 corrective actions are over."] * 2
    tones = [
        tone
        for actions in ((action,), (late,))
        for text, tone in Read(after_action_report(reported.facts(actions=actions))).said("appraisal")
        if text == said[0]
    ]
    assert tones == [Tone.PLAIN, Tone.BAD]


def test_what_kind_of_report_and_language_it_is_changes_no_id() -> None:
    """Programs read reports by these."""
    for kind in ReportKind:
        reports = [report_of(reported.facts(), kind, language) for language in LANGUAGES]
        shapes = [
            [(section.id, [_ids(block) for block in section.blocks]) for section in report.sections]
            for report in reports
        ]
        assert shapes[0] == shapes[1]


def _ids(block: object) -> list[str]:
    if isinstance(block, Facts):
        return [fact.id for fact in block.facts]
    return [column.id for column in block.columns] if isinstance(block, Grid) else []


@pytest.mark.parametrize("kind", ReportKind)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_report_survives_being_sent_to_another_process(kind: ReportKind, language: Language) -> None:
    report = report_of(reported.facts(), kind, language)
    assert decode_report(encode_report(report)) == report


def test_every_row_has_a_cell_for_each_column() -> None:
    for kind in ReportKind:
        for section in report_of(reported.facts(), kind, "en").sections:
            for block in section.blocks:
                if isinstance(block, Grid):
                    assert {len(row) for row in block.rows} <= {len(block.columns)}, section.id


def test_an_hour_that_comes_twice_does_not_read_the_same_twice() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    first = parse_rfc3339("2026-10-25T02:30:00+02:00")
    night = LocalTime(berlin, first - 6 * HOUR_MS, first + 6 * HOUR_MS)
    assert night.text(first) == "2026-10-25 02:30:00 +02:00"
    assert night.text(first + HOUR_MS) == "2026-10-25 02:30:00 +01:00"
    summer = LocalTime(berlin, first - 2 * HOUR_MS, first)
    assert summer.text(first) == "2026-10-25 02:30:00"
    assert summer.name("Europe/Berlin", first) == "Europe/Berlin (UTC+02:00)"


def test_what_happened_on_another_day_says_on_which() -> None:
    night = LocalTime(reported.ZONE, BEGAN, BEGAN + 12 * HOUR_MS)
    assert night.clock(BEGAN) == "13:00:00"
    assert night.exact(BEGAN + 12 * HOUR_MS + 5) == "11-25 01:00:00.005"


def test_time_since_the_beginning_reads_at_a_glance() -> None:
    assert [since(ms) for ms in (0, 62_400, HOUR_MS + 2 * SECOND_MS, -1_500)] == [
        "+0:00.0",
        "+1:02.4",
        "+1:00:02",
        "-0:01.5",
    ]
