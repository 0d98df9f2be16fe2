"""What plan files mean beside rules and device classes: all plans that are in force, or everything wrong with them.

Plans that ship with the product are switched off by `disable_plans: [id]`; a plan of one's own may then take the place
of one, with its id or another. A hazard has one plan.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from rules.level import Level
from rules.notice import NoticeBook
from rules.plan_step_check import Path, notice_faults, step_faults
from rules.problem import Problem
from rules.response_plan import Inhibition, PlanBook, PlanFile, ResponsePlan
from rules.rule_check import Place
from rules.ruleset import Ruleset
from rules.signal import Signal
from rules.site import Directory
from rules.theory import Paper
from rules.trouble import HAZARD as TROUBLE_HAZARD
from rules.wording import listed, meant, not_one_of

SETTINGS = ("discipline", "orders", "reviews", "drills")  # each in one file at most


def build_plans(
    files: Mapping[str, PlanFile],
    directory: Directory,
    ruleset: Ruleset,
    shipped: Collection[str] = (),
    notices: NoticeBook | None = None,
) -> tuple[PlanBook | None, list[Problem]]:
    """File name → content, to all plans in force. With any problem there is no plan book.

    `shipped` names the files of the library: `disable_plans` reaches these alone. Of the directory the device classes
    are needed. Without `notices` the templates and authorities that plans name are not looked at.
    """
    reader = _Reader(directory, ruleset, shipped, notices)
    for file, content in files.items():
        reader.read_disabled(file, content)
    for file, content in files.items():
        reader.read(file, content)
    problems = [*reader.problems, *reader.faults()]
    if problems:
        return None, problems
    return PlanBook(plans=reader.plans, inhibitions=reader.inhibitions, theory=reader.theory, **reader.settings), []


def worst_levels(ruleset: Ruleset) -> dict[str, Level]:
    """Hazard → the worst level that its rules lead to; without rules that open an incident a hazard is not in it."""
    worst: dict[str, Level] = {}
    for detection in ruleset.detections.values():
        if detection.level is not None:
            worst[detection.hazard] = max(detection.level, worst.get(detection.hazard, Level.III))
    for confirmation in ruleset.confirmations.values():
        worst[confirmation.hazard] = max(confirmation.level, worst.get(confirmation.hazard, Level.III))
    return worst


class _Reader:
    """Takes down all plans with their places; then finds what is wrong with each of them."""

    def __init__(
        self, directory: Directory, ruleset: Ruleset, shipped: Collection[str], notices: NoticeBook | None
    ) -> None:
        self.plans: dict[str, ResponsePlan] = {}
        self.inhibitions: dict[str, Inhibition] = {}
        self.settings: dict[str, object] = {}
        self.theory: dict[str, Paper] = {}
        self.problems: list[Problem] = []
        self._homes: dict[str, Place] = {}  # of plans and inhibitions by id, of settings by name
        self._hazards: dict[str, str] = {}  # hazard → its plan's id
        self._off: dict[str, Place] = {}
        self._off_found: set[str] = set()
        self._shipped, self._classes, self._ruleset = shipped, directory.device_classes, ruleset
        self._worst, self._notices = worst_levels(ruleset), notices

    # ---- reading

    def read_disabled(self, file: str, content: PlanFile) -> None:
        for index, id in enumerate(content.disable_plans):
            here = Place(file, ("disable_plans", index))
            if id in self._off:
                self.problems.append(Problem(here.path, f"{id!r} is already disabled, at {self._off[id]}", file))
            self._off.setdefault(id, here)

    def read(self, file: str, content: PlanFile) -> None:
        for index, plan in enumerate(content.plans):
            if self._is_new(plan.id, Place(file, ("plans", index))):
                self._add_plan(plan)
        for index, inhibition in enumerate(content.inhibitions):
            if self._is_new(inhibition.id, Place(file, ("inhibitions", index))):
                self.inhibitions[inhibition.id] = inhibition
        for index, paper in enumerate(content.theory):
            if self._is_new(f"theory of {paper.plan}", Place(file, ("theory", index)), what="set"):
                self.theory[paper.plan] = paper
        for name in SETTINGS:
            given = getattr(content, name)
            if given is not None and self._is_new(name, Place(file, (name,)), what="set"):
                self.settings[name] = given

    def _add_plan(self, plan: ResponsePlan) -> None:
        other = self._hazards.setdefault(plan.hazard, plan.id)
        if other == plan.id:
            self.plans[plan.id] = plan
            return
        home, first = self._homes[plan.id], self._homes[other]
        message = f"{plan.hazard!r} has a plan already, {other!r} at {first}{self._switch_off(first, other)}"
        self.problems.append(Problem((*home.path, "hazard"), message, home.file))

    def _is_new(self, id: str, here: Place, what: str = "the id of") -> bool:
        if here.file in self._shipped and id in self._off:
            self._off_found.add(id)
            return False
        first = self._homes.setdefault(id, here)
        if first is here:
            return True
        said = f"{id!r} is already {what} {first}" if what != "set" else f"{id!r} is already set, in {first.file}"
        path = here.path if what == "set" else (*here.path, "id")
        self.problems.append(Problem(path, said + self._switch_off(first, id), here.file))
        return False

    def _switch_off(self, first: Place, id: str) -> str:
        return f"; `disable_plans: [{id}]` switches that one off" if first.file in self._shipped else ""

    # ---- faults

    def faults(self) -> Iterator[Problem]:
        for id, here in self._off.items():
            if self._shipped and id not in self._off_found:
                known = [name for name, home in self._homes.items() if home.file in self._shipped]
                message = f"{id!r} is not the id of a shipped plan or inhibition{meant(id, known)}"
                yield Problem(here.path, message, here.file)
        for plan in self.plans.values():
            yield from self._placed(plan.id, self._plan_faults(plan))
        for plan_id in self.theory:
            if plan_id not in self.plans and plan_id not in self._off:
                here = self._homes[f"theory of {plan_id}"]
                message = not_one_of(plan_id, "a plan in force", sorted(self.plans))
                yield Problem((*here.path, "plan"), message, here.file)
        for inhibition in self.inhibitions.values():
            yield from self._placed(inhibition.id, self._inhibition_faults(inhibition))

    def _placed(self, id: str, problems: Iterator[Problem]) -> Iterator[Problem]:
        home = self._homes[id]
        for problem in problems:
            yield problem._replace(path=(*home.path, *problem.path), file=home.file)

    def _plan_faults(self, plan: ResponsePlan) -> Iterator[Problem]:
        own = self._homes[plan.id].file not in self._shipped
        if own and plan.hazard not in self._worst:
            yield Problem(("hazard",), not_one_of(plan.hazard, "the hazard of any rule", sorted(self._worst)))
        yield from self._role_faults(plan)
        seen: dict[str, int] = {}
        for index, step in enumerate(plan.steps):
            first = seen.setdefault(step.id, index)
            if first != index:
                yield Problem(("steps", index, "id"), f"{step.id!r} is already the id of steps[{first}]")
            faults = [*step_faults(step, plan, self._classes)]
            if own and self._notices is not None:
                faults += notice_faults(step, self._notices)
            for problem in faults:
                yield problem._replace(path=("steps", index, *problem.path))
        if own and plan.hazard in self._worst and plan.hazard != TROUBLE_HAZARD:  # Tocsin's own are of any level
            yield from self._level_faults(plan, max(self._worst[plan.hazard], plan.acknowledge.raises_to))

    def _role_faults(self, plan: ResponsePlan) -> Iterator[Problem]:
        roles = list(dict.fromkeys([plan.lead, *plan.team]))
        named: list[tuple[Path, str]] = [
            (("acknowledge", "ladder", index), role) for index, role in enumerate(plan.acknowledge.ladder)
        ]
        for level, quorum in plan.acknowledge.quorum.items():
            named += [(("acknowledge", "quorum", level.value, index), role) for index, role in enumerate(quorum)]
        for path, role in named:
            if role not in roles:
                yield Problem(path, not_one_of(role, "the lead or in the team", roles))

    def _level_faults(self, plan: ResponsePlan, worst: Level) -> Iterator[Problem]:
        why = f"no rule of {plan.hazard!r}, nor silence (`raises_to`), leads beyond level {worst.value}"
        for index, step in enumerate(plan.steps):
            if step.level > worst:
                yield Problem(("steps", index, "level"), f"{step.level.value} is never reached: {why}")
        for level in plan.acknowledge.quorum:
            if level > worst:
                yield Problem(("acknowledge", "quorum", level.value), f"{level.value} is never reached: {why}")

    # ---- inhibitions

    def _inhibition_faults(self, inhibition: Inhibition) -> Iterator[Problem]:
        own = self._homes[inhibition.id].file not in self._shipped
        detections = self._ruleset.detections
        for key in ("by", "inhibits"):
            for index, id in enumerate(getattr(inhibition, key)):
                if own and id not in detections:
                    yield Problem((key, index), not_one_of(id, "a rule with a condition", sorted(detections)))
        for index, id in enumerate(inhibition.inhibits):
            if id in inhibition.by:
                yield Problem(("inhibits", index), f"{id!r} stands under 'by', too; a rule does not explain itself")
            alarms = self._life_safety(id)
            if alarms:
                message = f"{id!r} is an alarm of {listed(alarms)}: life safety is never kept quiet by something else"
                yield Problem(("inhibits", index), message)

    def _life_safety(self, id: str) -> list[str]:
        rule = self._ruleset.detections.get(id)
        if rule is None or rule.signal is not Signal.ALARM:
            return []
        return [name for name, each in self._classes.items() if each.life_safety and rule.applies_to(name)]
