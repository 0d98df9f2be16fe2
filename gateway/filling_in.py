"""What a person's command needs and the gateway alone knows: filled in before the command is journaled."""

from __future__ import annotations

import msgspec

from gateway.core import Core
from rules.instant import Instant
from rules.order import OrderStep, WorkOrder
from rules.order_book import RECURRING
from rules.requests import AdvanceOrder, ClearDeadLetters, FillHandover, PersonCommand
from rules.verdict import Verdict
from rules.watched import Watched


def filled_in(core: Core, command: PersonCommand) -> PersonCommand:
    if isinstance(command, AdvanceOrder) and command.step is OrderStep.VERIFY:
        order = core.desk.engine.state.orders.get(command.order)
        return msgspec.structs.replace(command, normal_at=normal_at(core, order) if order is not None else None)
    if isinstance(command, FillHandover):
        silent = [id for id, each in core.screen.silent().items() if each.device.site == command.site]
        return msgspec.structs.replace(command, silent_devices=sorted(silent))
    if isinstance(command, ClearDeadLetters):
        core.ingest.flush()  # what came before the command is cleared with it
        return msgspec.structs.replace(command, letters=core.store.dead_letters_count(command.topic, command.fault))
    return command


def normal_at(core: Core, order: WorkOrder) -> Instant | None:
    """When the order's device last said something, by the gateway's time, where what it says is normal by the rules.

    None: it is not, or nobody knows; an order for a zone has no device to ask. Of telemetry alone: that a device is
    online says nothing of what it measures.
    """
    watched = core.screen.known(order.asset, order.mode)
    if watched is None or watched.silent or not _is_normal(watched, order.fault.removeprefix(RECURRING)):
        return None
    core.ingest.flush()  # what is still to be stored counts too
    last = core.telemetry.last(core.telemetry.source(order.mode.value, order.asset))
    return last[2] if last is not None else None


def _is_normal(watched: Watched, fault: str) -> bool:
    """The fault's rule does not hold. Where a person has named the fault: none of the device's rules does."""
    if fault in watched.plan.rule_index:
        return watched.verdict(fault) is Verdict.DOES_NOT
    return not watched.verdicts
