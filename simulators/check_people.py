"""Of what people asked: an answer is true and is kept, and two clicks are one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from api.ports import Done
from rules.codec import decode_event
from rules.requests import AddNote
from rules.timeline import Kind
from simulators.record import Asked, Record


def answers_are_true(record: Record) -> Iterator[str]:
    """What was said to be done stands in the journal, word for word."""
    for asked in record.asked:
        for answer in asked.answers:
            for entry in answer.entries if isinstance(answer, Done) else ():
                stored = record.entries[entry.position - 1 : entry.position]
                if stored != [entry]:
                    name = type(asked.request).__name__
                    yield f"{name} by {asked.request.by} was answered with entry {entry.position}, which is not stored"


def carried_out_once(record: Record) -> Iterator[str]:
    """Under one key once, and every time with the same answer."""
    groups: dict[str, list[Asked]] = defaultdict(list)
    for number, asked in enumerate(record.asked):
        groups[asked.key or f"click {number}"].append(asked)
    noted = [entry.facts.get("text") for entry in record.entries if entry.kind is Kind.NOTED]
    journaled = [decode_event(row.event) for row in record.journal]
    for key, some in groups.items():
        answers = [answer for asked in some for answer in asked.answers if answer is not None]
        request = some[0].request
        done = [answer for answer in answers if isinstance(answer, Done)]
        if some[0].key is not None:
            if done and len(done) != len(answers):
                yield f"{type(request).__name__} under key {key} was done, and was refused"
            if any(each.entries != done[0].entries for each in done):
                yield f"{type(request).__name__} under key {key} was done more than once"
            times = journaled.count(request)
            if isinstance(request, AddNote) and times > 1:
                yield f"the note under key {key} is journaled {times} times"
        if isinstance(request, AddNote) and done and request.text not in noted:
            yield f"the note under key {key} was taken, and is on no timeline"
