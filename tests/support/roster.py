"""People, their channels and their notices from a few lines of YAML, for the tests of the core."""

from __future__ import annotations

from functools import cache
from textwrap import dedent

from gateway.check import check
from gateway.files import read_document, validate
from rules.notice import NoticeBook
from rules.notice_file import NoticeFile, build_notices
from rules.people import Roster
from rules.roster_file import RosterFile, build_roster
from rules.site import Directory
from tests.support import building

TEAM = """
channels:
  app: {}
  sms: {characters_max: 70}
  drill-app: {exercise: true}
  lobby: {}
people:
  - {id: duty-officer-1, name: Duty officer 1, roles: [duty_officer], channels: [app, sms]}
  - {id: safety-officer-1, name: Safety officer 1, roles: [safety_officer], language: zh, channels: [sms]}
  - {id: engineer-1, name: Engineer 1, roles: [engineer], channels: [drill-app]}
places:
  tower-a: [lobby]
"""
AUTHORITIES = """
authorities:
  fire_brigade: {title: {en: Fire brigade}, sender: tocsin@tower-a.example}
  drill_desk: {title: {en: Drill desk}, exercise: true}
limit: {messages: 3, within: 10min}
link: https://control-room.example/incidents/{incident}
"""


def roster(text: str = TEAM, notices: str = AUTHORITIES, site: Directory | None = None) -> Roster:
    content, problems = validate(RosterFile, read_document(dedent(text), "roster.yaml"))
    assert content is not None, problems
    made, faults = build_roster({"roster.yaml": content}, site or building.directory(), _notices(notices))
    assert made is not None, [str(fault) for fault in faults]
    return made


@cache
def _notices(text: str) -> NoticeBook:
    """The shipped templates, and what the text adds."""
    content, problems = validate(NoticeFile, read_document(text, "notices.yaml"))
    assert content is not None, problems
    made, faults = build_notices({"notices.yaml": content}, ())
    assert not faults, faults
    return NoticeBook(shipped().templates | made.templates, made.authorities, made.limit, made.link)


@cache
def shipped() -> NoticeBook:
    found = check([])
    assert found.roster is not None, found.problems
    return found.roster.notices
