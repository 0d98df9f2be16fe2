"""What must be true of every codec, whatever messages it gets: checked of sequences of messages by the fuzzers.

Never raises · bounded time, outputs and memory · the same messages give the same outputs, also after `restore` · every
value finite and short · commands are messages or refused.
"""

from __future__ import annotations

import gc
import math
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable
from importlib import import_module
from types import ModuleType
from typing import Any, NamedTuple

import msgspec

from gateway.codecs import native
from gateway.codecs.formats import FORMATS
from gateway.codecs.port import Answered, Ask, Codec, Found, Gone, Happened, Heard, Output, Publish, Said
from rules.instant import Instant
from rules.reading import CommandResult, DeviceEvent, DeviceStatus, Reading, Rejected

RECEIVED_AT = 1_795_500_000_000  # as of the samples
CPU_MS_MAX = 400  # of one message of at most 1 MiB, on a machine that others use, too; a quarter is usual
OUTPUTS_MAX = 10_000  # a birth of a node with all devices that may be
OUTPUT_BYTES_MAX = 8 * 1024 * 1024
TEXT_MAX = 1_000  # of a value: longest Home Assistant state is 255
DETAIL_MAX = 20_000  # of what is rejected: it is cut when stored
TOPIC_BYTES_MAX = 65_535  # MQTT 3.1.1, 1.5.3
GROWTH_MAX, SMALL_BYTES = 1.2, 8 * 1024 * 1024  # with more, the second half of the bogus devices must add little
MEMORY_BYTES_MAX = 128 * 1024 * 1024  # of one codec, after any number of bogus devices

# Here what is said after a restart differs from what it would have been, and is meant to.
FORGETS = {
    "homeassistant": "whether a device is there, and what waits for its declaration, the broker says again: retained",
    "homie": "the state of a device and of its root, and what waits for a description, the broker says again: retained",
    "sparkplug": "aliases are those of a session, and after a restart nobody knows whether it still is",
    "tasmota": "values that came before the device's own description wait for it in memory",
    "shelly": "an answer is taken once, and after a restart nobody knows whether it was",
}


class Message(NamedTuple):
    topic: bytes
    payload: bytes
    retained: bool = False


class Finding(Exception):
    """A promise that was broken, and by which message of the sequence."""

    def __init__(self, what: str, number: int) -> None:
        super().__init__(f"message {number + 1}: {what}")
        self.what = what


class Native:
    """Tocsin's own format in the shape of the port, so that the same checks are made of it."""

    name = "native"

    def topics(self) -> tuple[str, ...]:
        return native.TOPICS

    def decode(self, topic: bytes, payload: bytes, received_at: Instant, retained: bool = False) -> list[Output]:
        made = native.decode(topic, payload, received_at, retained)
        match made:
            case None:
                return []
            case Rejected():
                return [made]
            case Reading():
                return [Said(made.device, dict(made.values), made.at, made.seq)]
            case DeviceEvent():
                return [Happened(made.device, made.event, made.attributes, made.at, made.seq)]
            case DeviceStatus():
                return [Heard(made.device, made.online)]
            case CommandResult():
                return [Answered(made.id, made.ok, made.detail)]

    def encode(self, native_id: str, points: Any, command_id: str) -> list[Publish] | Rejected:
        return Rejected("unknown device", native_id)

    def restore(self, found: Iterable[Found]) -> None:
        pass


def available() -> list[str]:
    """The codecs that there are."""
    return ["native", *FORMATS]


def make(name: str, **options: Any) -> Codec:
    if name == "native":
        return Native()
    module: Any = import_module(FORMATS[name])
    made: Codec = module.make(module.Options(**options))
    return made


# ---- checks


def check(make_one: Callable[[], Codec], messages: list[Message]) -> None:
    """Of a codec, several of which are made. Raises Finding."""
    first, second = make_one(), make_one()
    found: dict[str, Found] = {}
    for number, message in enumerate(messages):
        outputs = _decoded(first, number, message)
        _check_outputs(outputs, number)
        if _plain(outputs) != _plain(_decoded(second, number, message)):
            raise Finding("the same messages gave other outputs", number)
        found |= {each.native_id: each for each in outputs if isinstance(each, Found)}
    _check_commands(first, found, len(messages) - 1)
    _check_restored(make_one, messages)


def check_memory(make_one: Callable[[], Codec], bogus: list[Message]) -> int:
    """Bytes that a codec holds after all these messages; it must have stopped growing. Raises Finding."""
    codec, sizes = make_one(), []
    for half in (bogus[: len(bogus) // 2], bogus[len(bogus) // 2 :]):
        for number, message in enumerate(half):
            _decoded(codec, number, message)
        sizes.append(size_of(codec))
    if sizes[1] > max(sizes[0] * GROWTH_MAX, SMALL_BYTES):
        raise Finding(f"grew from {sizes[0]} to {sizes[1]} bytes by so many bogus devices again", len(bogus) - 1)
    if sizes[1] > MEMORY_BYTES_MAX:
        raise Finding(f"the codec holds {sizes[1]} bytes; at most {MEMORY_BYTES_MAX}", len(bogus) - 1)
    return sizes[1]


def _decoded(codec: Codec, number: int, message: Message) -> list[Output]:
    collects = gc.isenabled()
    gc.disable()  # all that the tests hold would be looked through in the time of one message
    began = time.thread_time()
    try:
        outputs = codec.decode(message.topic, message.payload, RECEIVED_AT + number, message.retained)
    except Exception as error:
        raise Finding(f"raised {type(error).__name__}: {str(error)[:200]}", number) from error
    finally:
        if collects:
            gc.enable()
    took = (time.thread_time() - began) * 1000
    if took > CPU_MS_MAX:
        raise Finding(f"took more than {CPU_MS_MAX} ms of CPU time", number)
    return outputs


def _check_outputs(outputs: Any, number: int) -> None:
    if not isinstance(outputs, list):
        raise Finding(f"gave a {type(outputs).__name__}; expected a list", number)
    if len(outputs) > OUTPUTS_MAX:
        raise Finding(f"gave {len(outputs)} outputs; at most {OUTPUTS_MAX}", number)
    for each in outputs:
        fault = _fault(each)
        if fault:
            raise Finding(f"{type(each).__name__}: {fault}", number)
    if len(_plain(outputs)) > OUTPUT_BYTES_MAX:
        raise Finding(f"gave more than {OUTPUT_BYTES_MAX} bytes of outputs", number)


def _fault(output: Any) -> str:
    match output:
        case Said():
            return _value_fault(output.values, none=True) or _moment_fault(output)
        case Happened():
            wrong = not isinstance(output.event, str) or not output.event or len(output.event) > TEXT_MAX
            return "no event" * wrong or _value_fault(output.attributes, none=False) or _moment_fault(output)
        case Found():
            names = [each.name for each in output.points]
            limits = [each for point in output.points for each in (point.minimum, point.maximum) if each is not None]
            wrong = not output.native_id or not isinstance(output.memory, bytes)
            return (
                "no native_id" * wrong
                or "a limit that is no number" * any(not math.isfinite(each) for each in limits)
                or "two points of one name" * (len(set(names)) != len(names))
                or "a point without a name" * any(not isinstance(each, str) or not each for each in names)
            )
        case Ask():
            return _publish_fault(output.publish)
        case Rejected():
            wrong = not output.reason or len(output.reason) > 40
            return "no short reason" * wrong or "a detail without end" * (len(output.detail) > DETAIL_MAX)
        case Heard():
            return "" if isinstance(output.online, bool) and output.native_id else "not online or offline"
        case Gone():
            return "" if output.native_id else "no native_id"
        case Answered():
            return "" if isinstance(output.ok, bool) and isinstance(output.id, str) else "no id or no answer"
    return "no output of the port"


def _value_fault(values: Any, none: bool) -> str:
    for name, value in values.items():
        if not isinstance(name, str):
            return f"{name!r} names no point"
        if value is None and none:
            continue
        if not isinstance(value, bool | int | float | str):
            return f"{name}: a {type(value).__name__}; expected a number, text, true or false"
        if isinstance(value, float) and not math.isfinite(value):
            return f"{name}: {value}; expected a finite number"
        if isinstance(value, str) and len(value) > TEXT_MAX:
            return f"{name}: a text of {len(value)} characters; at most {TEXT_MAX}"
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 2**64:
            return f"{name}: a number of more than 64 bits"
    return ""


def _moment_fault(output: Said | Happened) -> str:
    at, seq = output.at, output.seq  # whether a time can be is ingest's to say
    wrong = at is not None and (not isinstance(at, int) or isinstance(at, bool))
    wrong = wrong or (seq is not None and (not isinstance(seq, int) or not 0 <= seq < 2**63))
    return f"at {at}, seq {seq}: no time or no count" if wrong else "" if output.native_id else "no native_id"


def _publish_fault(publish: Any) -> str:
    topic, payload, qos, _ = publish
    raw = topic.encode(errors="surrogatepass")
    if not raw or len(raw) > TOPIC_BYTES_MAX or any(each in topic for each in "+#\0"):
        return f"{topic[:80]!r} is no topic to publish to"
    try:
        topic.encode()
    except UnicodeEncodeError:
        return f"{topic[:80]!r} is not UTF-8"
    return "" if isinstance(payload, bytes) and qos in (0, 1, 2) else "no bytes, or no QoS"


ODD: tuple[Any, ...] = (
    True,
    False,
    0.0,
    -1.0,
    21.5,
    1e300,
    float("inf"),
    float("nan"),
    "",
    "ON",
    "x" * 300,
    "\ud800",
    7,
)


def _check_commands(codec: Codec, found: dict[str, Found], number: int) -> None:
    for native_id, each in list(found.items())[:3]:
        names = [point.name for point in each.points if point.settable][-3:] or ["state"]
        for name in names:
            for value in ODD:
                _check_command(codec, native_id, {name: value}, number)
        _check_command(codec, native_id, dict.fromkeys(names, True), number)
    _check_command(codec, "no/such device#", {"state": True}, number)
    _check_command(codec, next(iter(found), ""), {}, number)


def _check_command(codec: Codec, native_id: str, points: dict[str, Any], number: int) -> None:
    try:
        made = codec.encode(native_id, points, "CMD-000001")
    except Exception as error:
        detail = f"{native_id[:60]!r} {str(points)[:80]}: {type(error).__name__}: {str(error)[:200]}"
        raise Finding(f"a command raised, of {detail}", number) from error
    if isinstance(made, Rejected):
        return
    for publish in made:
        if fault := _publish_fault(publish):
            raise Finding(f"a command to {native_id[:60]!r}: {fault}", number)


def _check_restored(make_one: Callable[[], Codec], messages: list[Message]) -> None:
    """A restart in the middle: what a codec has to know again stands in what it found. Twice, for the same."""
    half = (len(messages) + 1) // 2
    running, found, gone = make_one(), {}, set()
    for number, message in enumerate(messages[:half]):
        for each in _decoded(running, number, message):
            if isinstance(each, Found):
                found.pop(each.native_id, None)  # declared again, the newer one counts, and comes last
                found[each.native_id] = each
            elif isinstance(each, Gone):
                gone.add(each.native_id)  # of the inbox's devices it is forgotten, of those with a place it is not
    declared = list(found.values())
    damaged = [
        msgspec.structs.replace(each, memory=each.memory[: -1 - index] + b"\xc1" * (index % 3))
        for index, each in enumerate(declared)
    ]
    one, two, third = make_one(), make_one(), make_one()
    try:
        one.restore(iter(declared))
        two.restore(declared)
        third.restore(damaged)
    except Exception as error:
        raise Finding(f"restore raised {type(error).__name__}: {str(error)[:200]}", half - 1) from error
    for number, message in enumerate(messages[half:], half):
        once, twice = _decoded(one, number, message), _decoded(two, number, message)
        if _plain(once) != _plain(twice):
            raise Finding("restored twice, the same messages gave other outputs", number)
        told = _words(_decoded(running, number, message), gone)
        if running.name not in FORGETS and _words(once, gone) != told:
            raise Finding("after a restart the same message said something else", number)
        _check_outputs(once, number)
        _check_outputs(_decoded(third, number, message), number)


def _plain(outputs: list[Output]) -> bytes:
    """For comparing: NaN equals itself, and the kind of an output counts."""
    return msgspec.json.encode([(type(each).__name__, each) for each in outputs])


def _words(outputs: list[Output], gone: set[str]) -> list[bytes]:
    """What devices say of themselves, in any order. Whether they are online the broker tells again (retained)."""
    said = [each for each in outputs if isinstance(each, Said | Happened) and each.native_id not in gone]
    return sorted(_plain([each]) for each in said)


def size_of(thing: object) -> int:
    """Bytes of an object and all that it holds alone: classes, functions and modules are not its own."""
    seen: set[int] = set()
    waiting, size = [thing], 0
    while waiting:
        each = waiting.pop()
        if id(each) in seen or isinstance(each, type | ModuleType) or callable(each):
            continue
        seen.add(id(each))
        size += sys.getsizeof(each)
        waiting += _held(each)
    return size


def _held(thing: Any) -> list[Any]:
    if isinstance(thing, str | bytes | int | float | bool) or thing is None:
        return []
    if isinstance(thing, dict):
        return [*thing.keys(), *thing.values()]
    if isinstance(thing, list | tuple | set | frozenset | deque):
        return list(thing)
    held = list(vars(thing).values()) if hasattr(thing, "__dict__") else []
    names = [*getattr(type(thing), "__slots__", ()), *getattr(type(thing), "__struct_fields__", ())]
    return held + [getattr(thing, name) for name in names if hasattr(thing, name)]
