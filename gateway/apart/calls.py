"""Which methods of the port go over the line, and how what they raise does."""

from __future__ import annotations

import sys
from functools import cache
from typing import Any

from api.ports import Desk, Unavailable
from gateway.apart.line import Fault
from gateway.apart.shapes import Call

# Looking into the core's memory takes the time of the loop that takes readings: these wait for their turn.
IN_TURN = frozenset(
    {
        "devices",
        "device",
        "inbox",
        "found_device",
        "zones",
        "sites",
        "device_classes",
        "plans",
        "plan",
        "on_duty",
        "drill_calendar",
        "theory",
        "commands",
        "explain_incident",
        "explain_device",
        "metrics",
    }
)
_PORT_MODULES = "api."  # faults are carried of the port's modules alone


@cache
def call_of(name: str) -> Call:
    """Raises LookupError for what is no method of the port."""
    method = getattr(Desk, name, None)
    if name.startswith("_") or method is None:
        raise LookupError(f"{name} is no method of the port")
    return Call(method)


def names_of_port() -> list[str]:
    """Every method of the port, also of those it is put together from."""
    found: dict[str, None] = {}
    for each in Desk.__mro__:
        if each.__module__.startswith(_PORT_MODULES):
            found |= dict.fromkeys(name for name, value in vars(each).items() if callable(value) and name[0] != "_")
    return list(found)


def fault_of(number: int, error: Exception) -> Fault:
    """Of an exception that is none of the port's nothing but its kind is told: the core's log has the rest."""
    kind = type(error)
    if kind.__module__.startswith(_PORT_MODULES):
        return Fault(number, kind.__module__, kind.__name__, [str(each) for each in error.args])
    return Fault(number, "", kind.__name__, [])


class CoreFailed(RuntimeError):
    """The core has raised what no port promises; its log says more."""


def raised(fault: Fault) -> Exception:
    module: Any = sys.modules.get(fault.module) if fault.module.startswith(_PORT_MODULES) else None
    kind = getattr(module, fault.name, None)
    if isinstance(kind, type) and issubclass(kind, Exception):
        return kind(*fault.arguments)
    return CoreFailed(fault.name)


LOST = "the gateway's core does not answer"


def unavailable() -> Unavailable:
    return Unavailable(LOST)
