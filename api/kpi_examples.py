"""What figures look like, for the OpenAPI document: made by the rules themselves, of a few facts."""

from __future__ import annotations

from datetime import UTC

from api.kpi_schemas import AlarmFiguresOut, EnergyFiguresOut, ResponseFiguresOut
from rules.energy import Sample, stretch_of
from rules.instant import DAY_MS, HOUR_MS, MINUTE_MS, parse_rfc3339
from rules.kpi_alarms import AlarmFacts, Annunciation, alarm_figures
from rules.kpi_energy import EnergyQuestion, Meter, energy_figures
from rules.kpi_response import Responded, ResponseFacts, response_figures
from rules.level import Level
from rules.order_settings import OrderSettings
from rules.response_times import Limits
from rules.signal import Signal

_SINCE = parse_rfc3339("2026-11-24T00:00:00Z")
_UNTIL = _SINCE + DAY_MS
_METER = Meter("tower-a/em-12", "tower-a/12F-east", 20_000.0)


def _alarms() -> AlarmFiguresOut:
    times = (3 * HOUR_MS, 3 * HOUR_MS + 5 * MINUTE_MS, 9 * HOUR_MS)
    annunciated = [Annunciation(_SINCE + at, "tower-a", "smoke-high", "tower-a/sd-1203", Level.II) for at in times]
    facts = AlarmFacts(_SINCE, _UNTIL, 1, annunciated, chattering=[], stale=[])
    return AlarmFiguresOut.model_validate(alarm_figures(facts, UTC))


def _response() -> ResponseFiguresOut:
    incident = Responded(
        id="INC-000042",
        site="tower-a",
        hazard="fire",
        signal=Signal.ALARM,
        level=Level.II,
        opened_at=_SINCE + 3 * HOUR_MS,
        acknowledged_at=_SINCE + 3 * HOUR_MS + 40_000,
        first_response_at=_SINCE + 3 * HOUR_MS + 4 * MINUTE_MS,
        closed_at=_SINCE + 4 * HOUR_MS,
        plan="fire",
        plan_version="f63459565eed",
    )
    limits = {("fire", "f63459565eed"): Limits(MINUTE_MS, 3 * MINUTE_MS, 90 * DAY_MS)}
    facts = ResponseFacts(_SINCE, _UNTIL, _UNTIL, [incident], [], limits, OrderSettings())
    return ResponseFiguresOut.model_validate(response_figures(facts))


def _energy() -> EnergyFiguresOut:
    samples = [Sample(_SINCE + 15 * minutes * MINUTE_MS, 8_000 + 0.8 * minutes, None) for minutes in range(5)]
    question = EnergyQuestion(_SINCE, _SINCE + HOUR_MS)
    figures = energy_figures([_METER], {_METER.device: stretch_of(samples, _METER.rated_w)}, question, UTC)
    return EnergyFiguresOut.model_validate(figures)


ALARM_FIGURES = _alarms()
RESPONSE_FIGURES = _response()
ENERGY_FIGURES = _energy()
