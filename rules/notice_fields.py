"""What is known of an incident, as the words that fill in a message."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import Literal

from rules.incident import Incident
from rules.place_names import place_names, title_in
from rules.site import Directory
from rules.timeline_reasons import reason_zh
from rules.timeline_words import word


def fields_for(
    incident: Incident | None,
    directory: Directory,
    timezone: tzinfo,
    language: str,
    link: str,
    more: Mapping[str, str],
) -> dict[str, str]:
    """Every placeholder that has a value. `more`: what the incident does not say: role, reason, what."""
    known: Literal["en", "zh"] = "zh" if language == "zh" else "en"
    fields = dict(more)
    fields["role"] = word(more.get("role", ""), known)
    fields["what"] = word(more.get("what", ""), known)
    if known == "zh":
        fields["reason"] = reason_zh(more.get("reason", ""))
    if incident is None:
        return fields
    names = place_names(directory, incident, language)
    device = directory.devices.get(incident.first_out)
    return fields | {
        "incident": incident.id,
        "title": title_in(incident.title, language, incident.hazard),
        "hazard": word(incident.hazard, known),
        "signal": word(incident.signal.value, known),
        "level": incident.level.value,
        "phase": word(incident.phase.value, known),
        "site": names.site,
        "building": names.building,
        "floor": names.floor,
        "zone": names.zone,
        "device": title_in(device.title, language, device.name) if device else incident.first_out,
        "time": f"{datetime.fromtimestamp(incident.opened_at / 1000, timezone):%H:%M}",
        "cause": incident.cause or "",
        "link": link.replace("{incident}", incident.id),
    }
