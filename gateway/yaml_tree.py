"""YAML text → plain Python and, beside it, the line on which each key and each item stands.

It is built from the parser's events and not with ruamel's own loader, for three reasons. Lines are wanted without
the cost of ruamel's round-trip containers. A duplicate key is to be a problem with two lines, and reading goes on to
find the next one. Nesting and aliases are bounded as they come in, before they cost anything.

The C parser (`ruamel.yaml.clib`) and the pure one give the same events; the pure one takes 20 times as long
and is the fallback on machines for which there is no wheel.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from gateway.yaml_scalars import plain_scalar
from rules.problem import Problem
from rules.wording import shown

try:
    from _ruamel_yaml import CParser
except ImportError:  # no wheel and no C compiler here
    CParser = None

DEPTH_MAX = 64  # the deepest real file (conditions within conditions) needs about 20
ALIASED_NODES_MAX = 100_000  # nodes that aliases may add: honest use repeats a few lines, a bomb millions
PROBLEMS_MAX = 1_000  # more than anybody reads; a file of nothing but faults must not fill the memory

Step = str | int
_TEXT_TAG = "tag:yaml.org,2002:str"


class Marks:
    """Where the entries of one mapping or list stand: `lines[key or index]`, and the marks of what is below."""

    __slots__ = ("below", "line", "lines")

    def __init__(self, line: int) -> None:
        self.line = line
        self.lines: dict[Step, int] = {}
        self.below: dict[Step, Marks] = {}


class Unreadable(Exception):
    """Nothing after this point can be read. Args: the problem."""


class _Frame:
    """A mapping or list that is still open. `key` is the mapping's key that waits for its value."""

    __slots__ = ("anchor", "container", "key", "marks", "nodes_before", "repeated")

    def __init__(self, container: dict[str, Any] | list[Any], line: int, anchor: str | None, nodes: int) -> None:
        self.container = container
        self.marks = Marks(line)
        self.anchor = anchor
        self.nodes_before = nodes
        self.key: str | None = None
        self.repeated = False


def parse_events(text: str) -> Iterator[Event]:
    """The parser's events. Raises YAMLError at a fault in the syntax."""
    if CParser is None:
        return iter(YAML(typ="safe", pure=True).parse(text))
    return iter(CParser(text).get_event, None)


class TreeBuilder:
    """Takes the events of one document; then `value` and `marks` hold it, `problems` what was wrong with it."""

    def __init__(self) -> None:
        self.value: Any = None
        self.marks = Marks(1)
        self.problems: list[Problem] = []
        self._documents = 0
        self._nodes = 0
        self._aliased = 0
        self._open: list[_Frame] = []
        self._anchors: dict[str, tuple[Any, Marks | None, int]] = {}
        self._take: dict[type[Event], Callable[[Any], None]] = {
            ScalarEvent: self._scalar,
            MappingStartEvent: self._start_mapping,
            SequenceStartEvent: self._start_list,
            MappingEndEvent: self._end,
            SequenceEndEvent: self._end,
            AliasEvent: self._alias,
            DocumentStartEvent: self._start_document,
        }

    def build(self, text: str) -> None:
        """Read the whole text. Raises Unreadable at the first place after which nothing makes sense."""
        take = self._take
        try:
            for event in parse_events(text):
                if taker := take.get(type(event)):
                    taker(event)
        except MarkedYAMLError as fault:
            mark = fault.problem_mark or fault.context_mark
            said = " ".join(part for part in (fault.context, fault.problem) if part)
            raise Unreadable(self._problem(f"not YAML: {said}", mark.line + 1 if mark else 1)) from fault
        except (YAMLError, UnicodeError, ValueError, NotImplementedError) as fault:
            raise Unreadable(self._problem(f"not YAML: {' '.join(str(fault).split())}", 1)) from fault

    def _path(self) -> tuple[Step, ...]:
        steps = (f.key if isinstance(f.container, dict) else len(f.container) for f in self._open)
        return tuple(step for step in steps if step is not None)

    def _problem(self, message: str, line: int) -> Problem:
        return Problem(self._path(), message, line=line)

    def _add(self, message: str, line: int) -> None:
        if len(self.problems) < PROBLEMS_MAX:
            self.problems.append(self._problem(message, line))

    def _start_document(self, event: DocumentStartEvent) -> None:
        self._documents += 1
        if self._documents > 1:
            line = event.start_mark.line + 1
            raise Unreadable(self._problem("a second document starts here; expected one document a file", line))

    def _scalar(self, event: ScalarEvent) -> None:
        self._nodes += 1
        line = event.start_mark.line + 1
        if event.style == '"' and any("\ud800" <= character <= "\udfff" for character in event.value):
            raise Unreadable(
                self._problem(f"{shown(event.value)} has half a surrogate pair; expected whole characters", line)
            )
        frame = self._open[-1] if self._open else None
        if frame is not None and frame.key is None and isinstance(frame.container, dict):
            self._key(frame, event.value, line)
            value: Any = event.value
        else:
            value = self._value_of(event, line)
            self._put(value, None, line)
        if event.anchor is not None:
            self._anchors[event.anchor] = (value, None, 1)

    def _value_of(self, event: ScalarEvent, line: int) -> Any:
        if event.implicit[0]:
            try:
                return plain_scalar(event.value)
            except ValueError as fault:
                self._add(str(fault), line)
                return None
        if event.tag not in (None, "!", _TEXT_TAG):
            self._add(f"tag {shown(event.tag)} is not understood; expected a value without a tag", line)
        return event.value

    def _key(self, frame: _Frame, key: str, line: int) -> None:
        """A key is a word as it is written, also where a value would be a number: `12: …` is the key "12"."""
        lines = frame.marks.lines
        frame.key, frame.repeated = key, key in lines
        if frame.repeated:
            self._add(f"key {shown(key)} stands here and on line {lines[key]}; expected it once", line)
        else:
            lines[key] = line

    def _put(self, value: Any, marks: Marks | None, line: int) -> None:
        if not self._open:
            self.value = value
            if marks is not None:
                self.marks = marks
            return
        frame = self._open[-1]
        container = frame.container
        step: Step
        if isinstance(container, list):
            step = len(container)
            container.append(value)
            frame.marks.lines[step] = line
        elif frame.key is None:
            self._add("a mapping or list is the key here; expected a word", line)
            frame.key, frame.repeated = "", True
            return
        else:
            step, frame.key = frame.key, None
            if frame.repeated:  # the first one stays
                return
            container[step] = value
        if marks is not None:
            frame.marks.below[step] = marks

    def _start_mapping(self, event: MappingStartEvent) -> None:
        self._start({}, event)

    def _start_list(self, event: SequenceStartEvent) -> None:
        self._start([], event)

    def _start(self, container: dict[str, Any] | list[Any], event: Any) -> None:
        line = event.start_mark.line + 1
        if len(self._open) >= DEPTH_MAX:
            raise Unreadable(Problem((), f"nested deeper than {DEPTH_MAX} levels", line=line))
        if not event.implicit:
            self._add(f"tag {shown(event.tag)} is not understood; expected a value without a tag", line)
        self._open.append(_Frame(container, line, event.anchor, self._nodes))
        self._nodes += 1

    def _end(self, event: Event) -> None:
        frame = self._open.pop()
        if frame.anchor is not None:
            self._anchors[frame.anchor] = (frame.container, frame.marks, self._nodes - frame.nodes_before)
        self._put(frame.container, frame.marks, frame.marks.line)

    def _alias(self, event: AliasEvent) -> None:
        line = event.start_mark.line + 1
        if event.anchor not in self._anchors:
            raise Unreadable(
                self._problem(f"alias *{event.anchor} has no finished anchor &{event.anchor} before it", line)
            )
        value, marks, nodes = self._anchors[event.anchor]
        self._nodes += nodes
        self._aliased += nodes
        if self._aliased > ALIASED_NODES_MAX:
            raise Unreadable(self._problem(f"aliases repeat more than {ALIASED_NODES_MAX} values", line))
        frame = self._open[-1]
        if frame.key is None and isinstance(frame.container, dict) and isinstance(value, str):
            self._key(frame, value, line)
        else:
            self._put(value, marks, line)
