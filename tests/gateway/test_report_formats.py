"""One document, four formats: what people and devices have written stays what it is in each."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import msgspec
import pytest

from api.report_port import Format
from api.timeline_csv import csv_rows, safe
from gateway.reports.markdown import escaped
from gateway.reports.pdf import NotSet, pdf
from gateway.reports.pdf_child import NO_FONT, set_pdf, unshown
from gateway.reports.rendering import rendered
from rules.incident_report import incident_report
from rules.mode import Mode
from rules.report import Report
from rules.timeline import Entry, Kind
from rules.timeline_text import Language
from tests.support import reported

HOSTILE = [
    '<script>alert("x")</script>',
    "</style><img src=x onerror=alert(1)>",
    "| cell | cell |",
    '#heading *bold* _under_ `code` $math$ #eval("1") @label <label> [x](javascript:alert(1))',
    "two\nlines\r\nthree",
    "\x00\x07\x1b[31m",
    "\ud800 half a pair",
    "https://example.org/a|b",
]


def report(language: Language = "en", **fields: Any) -> Report:
    return incident_report(reported.facts(**fields), language)


def of_note(text: str) -> Report:
    told = reported.incident(cause=text, review=None, title={"en": text})
    note = Entry(1, told.id, 1, reported.BEGAN, Kind.NOTED, by=text[:40], facts={"text": text})
    return report(told=told, entries=(note,))


def texts_of(pdf_bytes: bytes, folder: Path) -> list[str]:
    """What a reader of the PDF can select, page by page."""
    tool = shutil.which("pdftotext")
    if tool is None:
        pytest.skip("pdftotext (poppler-utils) is not installed")
    (folder / "report.pdf").write_bytes(pdf_bytes)
    done = subprocess.run([tool, "-layout", str(folder / "report.pdf"), "-"], capture_output=True, check=True)
    return done.stdout.decode().rstrip("\f").split("\f")


class Tags(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_that_somebody_wrote_becomes_markup_of_a_page(text: str) -> None:
    page = Tags(rendered(of_note(text), Format.HTML).decode())
    assert not page.tags & {"script", "img", "iframe", "a", "link", "object"}
    assert page.attributes <= {"class", "id", "lang", "charset", "name", "content", "scope"}


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_that_somebody_wrote_breaks_a_table_in_markdown(text: str) -> None:
    lines = rendered(of_note(text), Format.MARKDOWN).decode().split("\n")
    width = 0
    for line in lines:
        if not line.startswith("|"):
            width = 0
            continue
        cells = len(re.findall(r"(?<!\\)\|", line))
        width = width or cells
        assert cells == width, line
    assert not any(line.lstrip("|* ").startswith("<") for line in lines)


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_that_somebody_wrote_is_evaluated_by_the_typesetter(text: str) -> None:
    assert rendered(of_note(text), Format.PDF).startswith(b"%PDF-")


def test_markdown_reads_as_it_was_written() -> None:
    assert escaped("a|b *c* <d>") == r"a\|b \*c\* \<d\>"
    assert escaped("- no list\n1. none") == r"\- no list<br>\1. none"


def test_json_is_the_document_with_values_for_programs() -> None:
    found = json.loads(rendered(report(), Format.JSON))
    assert found["schema"] == "tocsin-report/1"
    (opened,) = [
        fact
        for section in found["sections"]
        for block in section["blocks"]
        for fact in block.get("facts", [])
        if fact["id"] == "opened_at"
    ]
    assert opened["cell"] == {"text": "2026-11-24 13:00:00", "value": reported.BEGAN}


def test_every_page_of_an_exercise_is_stamped_and_numbered(tmp_path: Path) -> None:
    told = reported.incident(mode=Mode.EXERCISE)
    notes = tuple(
        Entry(n, told.id, n, reported.BEGAN + n, Kind.NOTED, facts={"text": f"note {n}"}) for n in range(1, 200)
    )
    pages = texts_of(pdf(report(told=told, entries=notes)), tmp_path)
    assert len(pages) > 4
    for number, page in enumerate(pages, start=1):
        assert "EXERCISE" in page
        assert "INC-000001" in page
        assert f"Page {number} of {len(pages)}" in page
        assert "It replaces neither a certified fire panel nor a lift intercom." in page


def test_a_report_in_chinese_can_be_read_and_searched(tmp_path: Path) -> None:
    text = "".join(texts_of(pdf(report("zh")), tmp_path))
    for words in ("突发事件处置报告", "响应时间与时限", "烟雾浓度超过报警阈值", "签字", reported.HASH):
        assert words in text
    assert "不替代经认证的火灾报警控制器" in text


def test_a_pdf_is_for_the_archive_and_the_same_every_time() -> None:
    made = pdf(report())
    assert b"<pdfaid:part>2</pdfaid:part>" in made
    assert b"<pdfaid:conformance>A</pdfaid:conformance>" in made
    assert pdf(report()) == made


def test_a_character_that_no_font_has_is_written_as_its_number(tmp_path: Path) -> None:
    text = "".join(texts_of(rendered(of_note("fire \U0001f525 and \ue000 private"), Format.PDF), tmp_path))
    assert "fire [U+1F525] and [U+E000] private" in text


def test_without_a_font_for_chinese_there_is_no_page_of_empty_boxes() -> None:
    diagnostic = 'error: PDF/A-2a error: the text `"中"` could not be displayed with font `"Libertinus Serif"`'
    assert unshown(diagnostic) == {"中"}
    template = '#set text(font: "Libertinus Serif", fallback: false)\n#sys.inputs.report'
    with pytest.raises(LookupError, match="no font for Chinese"):
        set_pdf(template, {"report": '"中文"'}, 0)
    assert NO_FONT != 0


def test_what_goes_wrong_while_setting_is_said() -> None:
    broken = msgspec.structs.replace(report(), footing=None)  # type: ignore[arg-type]
    with pytest.raises(NotSet) as raised:
        pdf(broken)
    assert "none" in str(raised.value)


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "  =1", "＝1", "\r=1", "\n=1", "|x", "%0A"])
def test_what_a_spreadsheet_would_compute_begins_with_an_apostrophe(text: str) -> None:
    assert safe(text) == f"'{text}"


def test_what_is_harmless_stays_as_it_is() -> None:
    assert [safe(text) for text in ("", "1", "a=b", "北区", "'quoted")] == ["", "1", "a=b", "北区", "'quoted"]


def test_a_row_of_a_timeline_has_both_times_and_everything_that_is_known() -> None:
    entry = Entry(
        7, "INC-000001", 3, reported.BEGAN, Kind.NOTED, Mode.ACTUAL, by="a", facts={"text": 'x,"y"\nz'}, late_ms=5
    )
    row = csv_rows([entry], "en", {}, reported.ZONE).decode()
    assert row.startswith("3,2026-11-24T05:00:00.000Z,2026-11-24 13:00:00+0800,noted,actual,")
    assert row.endswith("\r\n")
