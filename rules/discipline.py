"""Alarm discipline (ISA-18.2, IEC 62682): chattering, stale, flood. The figures are settings with their sources
(`rules.discipline_settings`).

What chatters has its incident kept open, and its changes are counted instead of written one by one; a life-safety
device's are all written, and nothing about it waits.
"""

from __future__ import annotations

from rules.detection import Detection
from rules.incident import Incident
from rules.instant import Instant, format_duration
from rules.mode import Mode
from rules.reading import Value
from rules.shelf import Chatter, Flood
from rules.timeline import Kind
from rules.turn import Turn

# What a detection's coming and going is written as.
FOLDED = frozenset({Kind.DETECTED, Kind.CLEARED, Kind.PENDING, Kind.NOT_FIRED, Kind.CLEARING, Kind.STILL_HOLDS})


def annunciated(turn: Turn, incident: Incident, detection: Detection) -> None:
    """A detection became evidence: counted for chattering and flood; the first one of an incident sets its stale
    limit."""
    seen = not _folding(turn, detection.key)
    watch_for_stale(turn, incident)
    _count_changes(turn, incident, detection)
    if seen and detection.mode is Mode.ACTUAL:
        _count_at_site(turn, incident.site)


# ---- chattering


def folds(turn: Turn, detection: Detection, kind: Kind) -> bool:
    """Whether an entry about its coming and going is only counted. Counts it."""
    if kind not in FOLDED or not _folding(turn, detection.key):
        return False
    incident = turn.state.incidents.get(detection.incident or "")
    if kind is Kind.DETECTED and not (incident and _is_evidence(incident, detection)):
        return False  # every incident has the entry that made it
    chatter = turn.state.chatter[detection.key]
    chatter.folded, chatter.changed_at = chatter.folded + 1, turn.now
    return True


def unsettled(turn: Turn, incident: Incident) -> bool:
    """Something of it chatters: that its sources are normal means nothing yet."""
    return any(
        _folding(turn, f"{incident.mode.value}|{each.rule}|{each.device}")
        for each in incident.evidence
        if not each.internal
    )


def chatter_over(turn: Turn, id: str, due: Instant) -> None:
    """Time to look whether a detection is quiet. Nothing if it no longer stands (`due` tells)."""
    chatter = turn.state.chatter.get(id)
    if chatter is None or chatter.look_at != due:
        return
    quiet_at = chatter.changed_at + turn.plans.discipline.chattering.quiet_for
    if quiet_at > turn.now:
        chatter.look_at = quiet_at
        turn.set_deadline(quiet_at, "chatter", id)
        return
    del turn.state.chatter[id]
    _tell_end(turn, id, chatter)
    incident = turn.state.incidents.get(chatter.incident)
    if incident is not None and incident.open and incident.sources_normal:
        incident.normal_since = None  # it counts as normal only from now on
        turn.touch(incident)


def _count_changes(turn: Turn, incident: Incident, detection: Detection) -> None:
    settings = turn.plans.discipline.chattering
    chatter = turn.state.chatter.pop(detection.key, None) or Chatter()
    turn.state.chatter[detection.key] = chatter
    chatter.latest = [*chatter.latest, turn.now][-settings.times :]
    chatter.changed_at, chatter.incident = turn.now, incident.id
    _forget_the_quiet(turn, turn.now - settings.within)
    if chatter.since is not None:
        chatter.times += 1
    elif len(chatter.latest) == settings.times and turn.now - chatter.latest[0] <= settings.within:
        chatter.since, chatter.look_at = turn.now, turn.now + settings.quiet_for
        turn.set_deadline(chatter.look_at, "chatter", detection.key)
        how = "its changes are counted from now on" if _folding(turn, detection.key) else "life safety: all is written"
        reason = f"came {settings.times} times within {format_duration(settings.within)}; {how}"
        _tell(turn, detection.key, incident, {"times": float(settings.times)}, reason)


def _is_evidence(incident: Incident, detection: Detection) -> bool:
    return any((each.rule, each.device) == (detection.rule, detection.device) for each in incident.evidence)


def _tell_end(turn: Turn, key: str, chatter: Chatter) -> None:
    quiet = format_duration(turn.plans.discipline.chattering.quiet_for)
    lasted_ms = float(chatter.changed_at - (chatter.since or 0))
    facts: dict[str, Value] = {"times": float(chatter.times), "folded": float(chatter.folded), "lasted_ms": lasted_ms}
    incident = turn.state.incidents.get(chatter.incident)
    reason = f"over: no change for {quiet}; {chatter.folded} changes have no entry of their own"
    _tell(turn, key, incident, facts, reason)


def _tell(turn: Turn, key: str, incident: Incident | None, facts: dict[str, Value], reason: str) -> None:
    mode, rule, device = key.split("|", 2)
    known = turn.ruleset.detections.get(rule)
    titles: dict[str, Value] = {f"title_{language}": text for language, text in known.title.items()} if known else {}
    turn.write(
        Kind.CHATTERING, incident, mode=Mode(mode), device=device, rule=rule, facts={**titles, **facts}, reason=reason
    )


def _folding(turn: Turn, key: str) -> bool:
    chatter = turn.state.chatter.get(key)
    if chatter is None or chatter.since is None:
        return False
    device = turn.directory.devices.get(key.split("|", 2)[2])
    return device is not None and not turn.directory.device_classes[device.device_class].life_safety


def _forget_the_quiet(turn: Turn, before: Instant) -> None:
    """Those that do not chatter and have not fired for long; the longest quiet stand first."""
    while True:
        key, chatter = next(iter(turn.state.chatter.items()))
        if chatter.since is not None or chatter.changed_at >= before:
            return
        del turn.state.chatter[key]


# ---- stale


def stale_over(turn: Turn, id: str, due: Instant) -> None:
    """An incident has stayed active for its stale limit. Nothing if it no longer stands (`due` tells). A reminder comes
    with every further limit."""
    incident = turn.state.incidents.get(id)
    if incident is None or incident.stale_at != due:
        return
    incident.stale_at = None
    if not incident.open or incident.sources_normal:
        turn.changed(incident)
        return
    limit = turn.plans.discipline.stale_after
    facts: dict[str, Value] = {"active_ms": float(turn.now - incident.opened_at), "signal": "supervisory"}
    turn.write(Kind.STALE, incident, facts=facts, reason=f"active for more than {format_duration(limit)}")
    _set_stale_limit(turn, incident)


def watch_for_stale(turn: Turn, incident: Incident) -> None:
    """From the first evidence on, and anew when it was normal in between."""
    if sum(evidence.holds for evidence in incident.evidence) == 1 or incident.stale_at is None:
        _set_stale_limit(turn, incident)


def _set_stale_limit(turn: Turn, incident: Incident) -> None:
    incident.stale_at = turn.now + turn.plans.discipline.stale_after
    turn.set_deadline(incident.stale_at, "stale", incident.id)


# ---- flood


def is_flooded(turn: Turn, site: str) -> bool:
    """More than ten in ten minutes: messages of lesser incidents are grouped, never those of level I."""
    return site in turn.state.floods


def flood_over(turn: Turn, id: str, due: Instant) -> None:
    """Time to look whether a site's flood has ended. Nothing if it no longer stands (`due` tells)."""
    flood = turn.state.floods.get(id)
    if flood is None or flood.look_at != due:
        return
    look_at = _thinned_out_at(turn, id)
    if look_at > turn.now:
        flood.look_at = look_at
        turn.set_deadline(look_at, "flood", id)
        return
    settings = turn.plans.discipline.flood
    del turn.state.floods[id]
    facts: dict[str, Value] = {"site": id, "count": float(flood.times), "lasted_ms": float(turn.now - flood.since)}
    reason = f"fewer than {settings.below} within {format_duration(settings.within)}"
    turn.write(Kind.FLOOD_ENDED, mode=Mode.ACTUAL, facts=facts, reason=reason)


def _count_at_site(turn: Turn, site: str) -> None:
    settings, now = turn.plans.discipline.flood, turn.now
    enough = settings.above + 1  # `below` is not more
    latest = turn.state.flood[site] = [*turn.state.flood.get(site, ()), now][-enough:]
    flood = turn.state.floods.get(site)
    if flood is not None:
        flood.times += 1
    elif len(latest) == enough and now - latest[0] < settings.within:
        look_at = _thinned_out_at(turn, site)
        turn.state.floods[site] = Flood(since=now, look_at=look_at, times=enough)
        turn.set_deadline(look_at, "flood", site)
        reason = f"more than {settings.above} within {format_duration(settings.within)}"
        turn.write(Kind.FLOOD_STARTED, mode=Mode.ACTUAL, facts={"site": site, "count": float(enough)}, reason=reason)


def _thinned_out_at(turn: Turn, site: str) -> Instant:
    """When fewer than `below` will be left of those that came so far."""
    settings, latest = turn.plans.discipline.flood, turn.state.flood.get(site, [])
    return latest[-settings.below] + settings.within if len(latest) >= settings.below else turn.now
