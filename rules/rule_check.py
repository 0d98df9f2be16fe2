"""What rule files mean beside the device classes: all rules that are in force, or everything that is wrong with them.

Rules that ship with the product are switched off by `disable: [id]`; a rule of one's own may then have that id, and
takes its place wherever the id is named.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from functools import cached_property
from typing import NamedTuple

from rules.condition_check import condition_faults
from rules.instant import format_duration
from rules.overlap import overlap
from rules.places import place
from rules.problem import Problem, dotted
from rules.ruleset import ConfirmRule, DetectionRule, RuleFile, Ruleset
from rules.signal import Signal
from rules.site import Directory
from rules.wording import listed, meant, not_one_of

Path = tuple[str | int, ...]
Rule = DetectionRule | ConfirmRule


class Place(NamedTuple):
    file: str
    path: Path

    def __str__(self) -> str:
        return f"{self.file} {dotted(self.path)}"


def build_ruleset(
    files: Mapping[str, RuleFile], directory: Directory, shipped: Collection[str] = ()
) -> tuple[Ruleset | None, list[Problem]]:
    """File name → content, to all rules in force. With any problem there is no ruleset.

    `shipped` names the files of the library: `disable` reaches these alone. Of the directory the device classes
    are needed; with devices in it, confirmations that no place has devices enough for are found, too.
    """
    reader = _Reader(directory, shipped)
    for file, content in files.items():
        reader.read_disabled(file, content)
    for file, content in files.items():
        reader.read(file, content)
    problems = [*reader.problems, *reader.faults()]
    if problems:
        return None, problems
    found = [reader.without_disabled(rule) for rule in reader.rules.values()]
    return (
        Ruleset(
            detections={rule.id: rule for rule in found if isinstance(rule, DetectionRule)},
            confirmations={rule.id: rule for rule in found if isinstance(rule, ConfirmRule)},
        ),
        [],
    )


class _Reader:
    """Takes down all rules with their places; then finds what is wrong with each of them beside the others."""

    def __init__(self, directory: Directory, shipped: Collection[str]) -> None:
        self.rules: dict[str, Rule] = {}
        self.problems: list[Problem] = []
        self._homes: dict[str, Place] = {}
        self._off: dict[str, Place] = {}  # disabled id → where it says so
        self._off_rules: dict[str, Rule] = {}
        self._shipped = shipped
        self._classes = directory.device_classes
        self._directory = directory

    # ---- reading

    def read_disabled(self, file: str, content: RuleFile) -> None:
        for index, id in enumerate(content.disable):
            here = Place(file, ("disable", index))
            if id in self._off:
                self.problems.append(Problem(here.path, f"{id!r} is already disabled, at {self._off[id]}", file))
            self._off.setdefault(id, here)

    def read(self, file: str, content: RuleFile) -> None:
        for index, rule in enumerate(content.rules):
            if file in self._shipped and rule.id in self._off:
                self._off_rules[rule.id] = rule
            else:
                self._add(rule, Place(file, ("rules", index)))

    def _add(self, rule: Rule, here: Place) -> None:
        if rule.id not in self._homes:
            self._homes[rule.id], self.rules[rule.id] = here, rule
            return
        first = self._homes[rule.id]
        message = f"{rule.id!r} is already the id of {first}"
        if first.file in self._shipped:
            message += f"; `disable: [{rule.id}]` switches that one off"
        self.problems.append(Problem((*here.path, "id"), message, here.file))

    def without_disabled(self, rule: Rule) -> Rule:
        """Shipped confirmations go on without the detections that were switched off."""
        if not isinstance(rule, ConfirmRule):
            return rule
        confirm = rule.confirm.model_copy(update={"of": [id for id in rule.confirm.of if id in self.rules]})
        return rule.model_copy(update={"confirm": confirm, "or_": [id for id in rule.or_ if id in self.rules]})

    # ---- faults

    def faults(self) -> Iterator[Problem]:
        for id, here in self._off.items():
            for message in self._disable_faults(id):
                yield Problem(here.path, message, here.file)
        for id, rule in self.rules.items():
            home = self._homes[id]
            for problem in self._rule_faults(rule, home):
                yield problem._replace(path=(*home.path, *problem.path), file=home.file)

    def _rule_faults(self, rule: Rule, home: Place) -> Iterator[Problem]:
        if isinstance(rule, DetectionRule):
            yield from self._detection_faults(rule, home)
        else:
            yield from self._confirmation_faults(rule, home)

    def _disable_faults(self, id: str) -> Iterator[str]:
        if not self._shipped:
            return
        rule = self._off_rules.get(id)
        if rule is None:
            known = [*self._off_rules, *(name for name, home in self._homes.items() if home.file in self._shipped)]
            yield f"{id!r} is not the id of a shipped rule{meant(id, known)}"
        if isinstance(rule, ConfirmRule):
            idle = [name for name in [*rule.confirm.of, *rule.or_] if self._does_nothing(name)]
            if idle:
                yield (
                    f"without {id!r} these rules do nothing: {listed(idle)}; "
                    "expected them disabled, too, or named by a confirmation of your own"
                )
        for name, other in self.rules.items():
            left = other.confirm.of if isinstance(other, ConfirmRule) else []
            if id in left and not any(each in self.rules for each in left):
                yield f"without {id!r} nothing is left that {name!r} confirms; expected that disabled, too"

    def _does_nothing(self, id: str) -> bool:
        rule = self.rules.get(id)
        return isinstance(rule, DetectionRule) and rule.level is None and id not in self._confirming

    @cached_property
    def _confirming(self) -> set[str]:
        confirmations = [rule for rule in self.rules.values() if isinstance(rule, ConfirmRule)]
        return {id for rule in confirmations for id in [*rule.confirm.of, *rule.or_]}

    # ---- detections

    def _detection_faults(self, rule: DetectionRule, home: Place) -> Iterator[Problem]:
        yield from self._device_class_faults(rule)
        classes = [device_class for name, device_class in self._classes.items() if rule.applies_to(name)]
        yield from condition_faults(rule.when, ("when",), classes)
        if rule.clear is not None:
            yield from condition_faults(rule.clear, ("clear",), classes)
            if both := overlap(rule.when, rule.clear):
                yield Problem(
                    ("clear",),
                    f"holds together with 'when' for {both}: no gap between them, so it would flap; "
                    "expected a 'clear' that begins where 'when' is over",
                )
        delayed = [each.id for each in classes if each.life_safety]
        if rule.signal is Signal.ALARM and rule.hold_ms and delayed:
            message = (
                f"{format_duration(rule.hold_ms)} on an alarm of {listed(delayed)}: life safety has no delay, ever"
            )
            yield Problem(("when", "for"), f"{message}; expected no 'for', or a signal that is not alarm")
        if home.file not in self._shipped and self._does_nothing(rule.id):
            yield Problem((), f"{rule.id!r} does nothing: it has no 'level', and no confirmation names it")

    def _device_class_faults(self, rule: DetectionRule) -> Iterator[Problem]:
        names = rule.device_class
        if names == []:
            yield Problem(("device_class",), 'an empty list; expected a device class, several, or "*" for every class')
        for index, name in enumerate(names if isinstance(names, list) else [names]):
            path: Path = ("device_class", index) if isinstance(names, list) else ("device_class",)
            if name != "*" and name not in self._classes:
                yield Problem(path, not_one_of(name, "a device class", sorted(self._classes)))

    # ---- confirmations

    def _confirmation_faults(self, rule: ConfirmRule, home: Place) -> Iterator[Problem]:
        for index, id in enumerate(rule.confirm.of):
            yield from self._reference_faults(rule, id, ("confirm", "of", index), home)
        for index, id in enumerate(rule.or_):
            yield from self._reference_faults(rule, id, ("or", index), home)
        if rule.pre_alarm is not None and rule.pre_alarm.level > rule.level:
            message = f"{rule.pre_alarm.level.value} is worse than the level confirmed, {rule.level.value}"
            yield Problem(("pre_alarm", "level"), message)
        if home.file not in self._shipped:
            yield from self._device_count_faults(rule)

    def _reference_faults(self, rule: ConfirmRule, id: str, path: Path, home: Place) -> Iterator[Problem]:
        named = self.rules.get(id)
        if isinstance(named, DetectionRule):
            if named.hazard != rule.hazard:
                yield Problem(path, f"{id!r} is of hazard {named.hazard!r}; expected rules of {rule.hazard!r}")
        elif named is not None:
            yield Problem(path, f"{id!r}, at {self._homes[id]}, has no 'when'; expected a detection")
        elif id not in self._off:
            known = [name for name, each in self.rules.items() if isinstance(each, DetectionRule)]
            yield Problem(path, f"{id!r} is not the id of a rule{meant(id, known)}")
        elif home.file not in self._shipped:
            yield Problem(path, f"{id!r} is disabled, at {self._off[id]}, and has no other rule in its place")

    def _device_count_faults(self, rule: ConfirmRule) -> Iterator[Problem]:
        of = [named for id in rule.confirm.of if isinstance(named := self.rules.get(id), DetectionRule)]
        devices = self._directory.devices.values()
        mine = [each for each in devices if any(named.applies_to(each.device_class) for named in of)]
        most = max(Counter(place(device, rule.confirm.same) for device in mine).values(), default=0)
        if 0 < most < rule.confirm.distinct_devices:
            message = f"{rule.confirm.distinct_devices} devices in one {rule.confirm.same}"
            yield Problem(
                ("confirm", "distinct_devices"), f"{message}, but no {rule.confirm.same} has more than {most} of them"
            )
