"""From the port's values about rules and trials to the wire's shapes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from api.rules_port import Backtest, Compared, DryRunAnswer, FilesChecked, VersionText
from api.rules_schemas import (
    BacktestOut,
    ComparedOut,
    DryRunOut,
    FileProblemOut,
    FilesCheckedOut,
    JudgedOut,
    RuleDetailOut,
    RuleOut,
    VersionTextOut,
)
from api.schemas import entry_out
from rules.ruleset import ConfirmRule, DetectionRule, Ruleset
from rules.timeline_text import Language

AnyRule = DetectionRule | ConfirmRule


def rule_out(rule: AnyRule, ruleset: Ruleset) -> RuleOut:
    return RuleOut.model_validate(_rule(rule, ruleset))


def rule_detail_out(rule: AnyRule, ruleset: Ruleset) -> RuleDetailOut:
    written = rule.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return RuleDetailOut.model_validate(_rule(rule, ruleset) | {"written": written})


def _rule(rule: AnyRule, ruleset: Ruleset) -> dict[str, Any]:
    detection = rule if isinstance(rule, DetectionRule) else None
    classes: Any = detection.device_class if detection else []
    return {
        "id": rule.id,
        "kind": "detection" if detection else "confirmation",
        "title": rule.title,
        "hazard": rule.hazard,
        "signal": detection.signal if detection else None,
        "level": rule.level,
        "device_classes": [classes] if isinstance(classes, str) else classes,
        "version": rule.version,
        "confirmed_by": [each.id for each in ruleset.confirmations_of.get(rule.id, ())],
    }


def version_text_out(text: VersionText) -> VersionTextOut:
    return VersionTextOut(version=text.version, kind=text.kind, content=json.loads(text.content), files=text.files)


def checked_out(checked: FilesChecked) -> FilesCheckedOut:
    return FilesCheckedOut(
        ok=not checked.problems,
        problems=[FileProblemOut.model_validate(each) for each in checked.problems],
        remarks=checked.remarks,
        summary=checked.summary,
    )


def dry_run_out(answer: DryRunAnswer, language: Language, titles: Mapping[str, dict[str, str]]) -> DryRunOut:
    found = answer.rehearsed
    problems = [FileProblemOut.model_validate(each) for each in answer.problems]
    nothing: dict[str, Any] = {name: [] for name in ("verdicts", "firings", "incidents", "faults")}
    shown = {name: getattr(found, name) for name in nothing} if found is not None else nothing
    return DryRunOut.model_validate(
        {
            "ok": found is not None,
            "problems": problems,
            "begins": found.begins if found is not None else None,
            "ends": found.ends if found is not None else None,
            **shown,
            "entries": [entry_out(each, language, titles) for each in (found.entries if found is not None else [])],
            "effects": found.effects if found is not None else {},
            "left_out": found.left_out if found is not None else 0,
        }
    )


def backtest_out(backtest: Backtest) -> BacktestOut:
    asked = backtest.question
    return BacktestOut.model_validate(
        {
            "id": backtest.id,
            "state": backtest.state,
            "asked_by": backtest.asked_by,
            "asked_at": backtest.asked_at,
            "ended_at": backtest.ended_at,
            "since": asked.since,
            "until": asked.until,
            "site": asked.site,
            "files": [each.name for each in asked.posted.files],
            "progress": backtest.progress,
            "problems": backtest.problems,
            "why": backtest.why,
            "compared": _compared_out(backtest.compared) if backtest.compared is not None else None,
        }
    )


def _compared_out(compared: Compared) -> ComparedOut:
    would, did = compared.candidate.fired, compared.running.fired
    return ComparedOut(
        summary=f"would have fired {_times(would)}; the running rules fired {_times(did)}; "
        f"{compared.both} of them the same",
        rules=compared.rules,
        candidate=JudgedOut.model_validate(compared.candidate),
        running=JudgedOut.model_validate(compared.running),
        both=compared.both,
        only_candidate=compared.only_candidate,
        only_running=compared.only_running,
        readings=compared.readings,
        remarks=compared.remarks,
    )


def _times(number: int) -> str:
    return f"{number} time" if number == 1 else f"{number} times"
