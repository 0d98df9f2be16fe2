"""Judges what was seen of a run, by simple models that share no code with what they judge.

Each check takes a record and says what it finds wrong, one line each; nothing found is as it should be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from simulators import check_effects, check_intake, check_journal, check_people, check_promises
from simulators.record import Record

Check = Callable[[Record], Iterable[str]]

CHECKS: dict[str, Check] = {
    "accepted alarms are told": check_intake.accepted_alarms_are_told,
    "nothing comes of nothing": check_intake.nothing_comes_of_nothing,
    "accepted messages are stored": check_intake.accepted_messages_are_stored,
    "everything is accepted in the end": check_intake.everything_is_accepted,
    "no message counts twice": check_intake.no_message_counts_twice,
    "no effect twice": check_effects.no_effect_twice,
    "effects are issued before they are done": check_effects.issued_first,
    "effects are done or given up": check_effects.done_or_given_up,
    "effects are tried at once": check_effects.tried_at_once,
    "drills are isolated": check_effects.drills_are_isolated,
    "one of each is open": check_effects.one_of_each_is_open,
    "promises are kept": check_promises.promises_are_kept,
    "acknowledged in time counts": check_promises.acknowledged_in_time_counts,
    "what is no longer quiet is raised": check_promises.no_longer_quiet_is_raised,
    "level I is always told": check_promises.level_one_is_always_told,
    "the auditor finds nothing": check_promises.the_auditor_finds_nothing,
    "answers are true": check_people.answers_are_true,
    "a request is carried out once": check_people.carried_out_once,
    "timelines are complete": check_journal.timelines_are_complete,
    "replay equals memory": check_journal.replay_equals_memory,
    "the state is sound": check_journal.the_state_is_sound,
    "nothing breaks": check_journal.nothing_breaks,
}


class Finding(NamedTuple):
    check: str
    what: str


def check(record: Record) -> list[Finding]:
    return [Finding(name, what) for name, each in CHECKS.items() for what in each(record)]
