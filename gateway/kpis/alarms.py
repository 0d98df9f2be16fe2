"""Reading what alarm management is measured by: entries of the few kinds that have an index of their own."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct
from sqlalchemy import Select, select

from api.report_port import FiguresQuery, Times
from gateway.store import Store
from gateway.store.schema import COUNTED, entries, incidents
from rules.kpi_alarms import AlarmFacts, AlarmFigures, Annunciation, Occurrence, alarm_figures
from rules.level import Level
from rules.mode import Mode
from rules.site import Site
from rules.timeline import Kind

_LEVELS = {level.severity: level for level in Level}


class _About(Struct):
    """Of an entry; the rest of it is passed over."""

    rule: str = ""
    device: str = ""
    incident: str = ""
    mode: Mode = Mode.ACTUAL


_about = msgspec.json.Decoder(_About).decode


def read_alarm_figures(store: Store, query: FiguresQuery, times: Times, sites: dict[str, Site]) -> AlarmFigures:
    """Raises StoreFailed."""
    shown = [site for site in sites if query.covers(site)]
    facts = AlarmFacts(
        since=times[0],
        until=times[1],
        operators=max(1, len(shown)),
        annunciated=_annunciated(store, query, times),
        chattering=list(_occurrences(store, query, times, Kind.CHATTERING)),
        stale=list(_occurrences(store, query, times, Kind.STALE)),
    )
    return alarm_figures(facts, zone_of(sites, shown))


def zone_of(sites: dict[str, Site], shown: list[str]) -> tzinfo:
    """Of the first one."""
    return ZoneInfo(sites[shown[0]].timezone) if shown else UTC


def _annunciated(store: Store, query: FiguresQuery, times: Times) -> list[Annunciation]:
    """Detections that became evidence of an incident in actual mode."""
    i = incidents.c
    of_incidents = entries.join(incidents, entries.c.incident == i.id)
    statement = _counted(select(entries.c.at, entries.c.body, i.site, i.severity), Kind.DETECTED, times)
    statement = statement.select_from(of_incidents).where(i.mode == Mode.ACTUAL.value)
    found: list[Annunciation] = []
    for at, body, site, severity in store.look(lambda ask: ask(statement)):
        if query.covers(site):
            about = _about(body)
            found.append(Annunciation(at, site, about.rule, about.device, _LEVELS[severity]))
    return found


def _occurrences(store: Store, query: FiguresQuery, times: Times, kind: Kind) -> Iterable[Occurrence]:
    """What chatters is named by rule and device, what is stale by its incident."""
    statement = _counted(select(entries.c.at, entries.c.body, incidents.c.site), kind, times)
    statement = statement.select_from(entries.outerjoin(incidents, entries.c.incident == incidents.c.id))
    for at, body, incident_site in store.look(lambda ask: ask(statement)):
        about = _about(body)
        site = incident_site or about.device.partition("/")[0]
        if about.mode is Mode.ACTUAL and query.covers(site):
            chatters = kind is Kind.CHATTERING
            yield Occurrence(at, site, f"{about.rule} {about.device}" if chatters else about.incident)


def _counted(statement: Select[Any], kind: Kind, times: Times) -> Select[Any]:
    """`COUNTED` leads to the index. Entries of one instant in the order of their making."""
    c = entries.c
    within = (COUNTED, c.kind == kind.value, c.at >= times[0], c.at < times[1])
    return statement.where(*within).order_by(c.at, c.position)
