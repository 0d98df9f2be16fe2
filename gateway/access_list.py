"""The broker's access list: who may publish and read what, as Mosquitto's `acl_file` has it. Pure: text from values.

The tree of a topic decides whether something is real, so who may write to which tree is what keeps an exercise from
being taken for a fire, and a fire for an exercise. Nobody may do anything that is not written here.

Without sites a device's user is `site/device` (the common name of its certificate), and a pattern of four lines serves
all. With sites each device has lines of its own: a certificate whose device is in no site file can do nothing; and a
device's user may be called anything, or speak for several (`users`).

Syntax: mosquitto.conf(5), "acl_file", https://mosquitto.org/man/mosquitto-conf-5.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from gateway.codecs.native import OURS, TREE_OF
from rules.mode import Mode
from rules.site import Device, Directory
from rules.wording import not_one_of

GATEWAY, DRILL, TESTER, WATCHER = "tocsin-gateway", "tocsin-drill", "tocsin-tester", "tocsin-watcher"
USERS_LINES_MAX = 100_000

SAYS = ("telemetry", "event", "status", "command/result")  # what a device publishes
HEARS = "command"


class Format(NamedTuple):
    """Topics of a format. `own`: of a device whose user is the first level of its topics (%u), or of its bridge."""

    read: tuple[str, ...]  # by the gateway
    write: tuple[str, ...]
    bridge: str = ""  # the user of the program that speaks for all devices
    own_write: tuple[str, ...] = ()
    own_read: tuple[str, ...] = ()


FORMATS = {
    "zigbee2mqtt": Format(
        ("zigbee2mqtt/#",),
        ("zigbee2mqtt/+/set", "zigbee2mqtt/+/+/set", "zigbee2mqtt/+/get"),  # a friendly name may be two levels
        "zigbee2mqtt",
        ("zigbee2mqtt/#", "homeassistant/#"),
        ("zigbee2mqtt/#", "homeassistant/status"),
    ),
    "tasmota": Format(
        ("tele/#", "stat/#", "tasmota/discovery/#"),
        ("cmnd/+/+",),
        own_write=("tele/%u/#", "stat/%u/#", "tasmota/discovery/#"),
        own_read=("cmnd/%u/#",),
    ),
    "shelly": Format(
        ("+/events/rpc", "+/status/#", "+/online", "tocsin-shelly/rpc"),
        ("+/rpc", "+/command/#"),
        own_write=("%u/events/rpc", "%u/status/#", "%u/online", "tocsin-shelly/rpc"),
        own_read=("%u/rpc", "%u/command/#"),
    ),
    "chirpstack": Format(
        ("application/+/device/+/event/#",),
        ("application/+/device/+/command/down",),
        "chirpstack",
        ("application/+/device/+/event/#", "application/+/device/+/state/#"),
        ("application/+/device/+/command/#",),
    ),
    "homeassistant": Format(("homeassistant/#",), ()),  # where the states are, the devices' own formats say
    "homie": Format(
        ("homie/#",),
        ("homie/+/+/+/set", "homie/5/+/+/+/set"),
        own_write=("homie/%u/#", "homie/5/%u/#"),
        own_read=("homie/%u/+/+/set", "homie/5/%u/+/+/set"),
    ),
    "sparkplug": Format(
        ("spBv1.0/#",),
        ("spBv1.0/+/NCMD/+", "spBv1.0/+/DCMD/+/+", "spBv1.0/STATE/+"),
        own_write=tuple(
            f"spBv1.0/+/{kind}/%u{device}"
            for kind, device in (
                ("NBIRTH", ""),
                ("NDEATH", ""),
                ("NDATA", ""),
                ("DBIRTH", "/+"),
                ("DDEATH", "/+"),
                ("DDATA", "/+"),
            )
        ),
        own_read=("spBv1.0/+/NCMD/%u", "spBv1.0/+/DCMD/%u/+", "spBv1.0/STATE/+"),
    ),
}


class BadUsers(ValueError):
    """What is wrong with the users of an access list, with the line."""


def read_users(text: str, directory: Directory, file: str = "users") -> dict[str, tuple[str, ...]]:
    """Lines of `user site/device [site/device …]` → user → devices. Raises BadUsers.

    `#` begins a comment. No device has two users: whoever lost one of them would not know what the other may do.
    """
    found: dict[str, tuple[str, ...]] = {}
    of: dict[str, str] = {}
    lines = text.splitlines()
    if len(lines) > USERS_LINES_MAX:
        raise BadUsers(f"{file}: {len(lines)} lines; at most {USERS_LINES_MAX}")
    for number, line in enumerate(lines, start=1):
        user, *devices = line.partition("#")[0].split() or [""]
        if not user:
            continue
        where = f"{file}:{number}"
        if user in found or user in (GATEWAY, DRILL, TESTER, WATCHER):
            raise BadUsers(f"{where}: {user!r} is a user already")
        if not devices:
            raise BadUsers(f"{where}: {user!r} speaks for nobody; expected user site/device [site/device …]")
        for device in devices:
            if device not in directory.devices:
                raise BadUsers(f"{where}: {not_one_of(device, 'a device', directory.devices)}")
            if device in of:
                raise BadUsers(f"{where}: {device} has the user {of[device]!r} already")
            of[device] = user
        found[user] = tuple(devices)
    return found


def access_list(
    directory: Directory | None = None,
    users: Mapping[str, Sequence[str]] | None = None,
    formats: Iterable[str] = (),
) -> str:
    """The file's text. `formats`: names of FORMATS. `users`: as `read_users` gives them; needs a directory."""
    chosen = {name: FORMATS[name] for name in formats}
    parts = [_head(directory), _gateway(chosen), _drill(), _tester(), _watcher()]
    parts += [_bridge(name, each) for name, each in chosen.items() if each.bridge]
    parts += [_patterns(chosen)] if directory is None else list(_devices(directory, users or {}))
    if directory is not None and any(each.own_write and not each.bridge for each in chosen.values()):
        parts.append(_own_patterns(chosen))
    return "\n".join("".join(f"{line}\n" for line in part) for part in parts)


def _head(directory: Directory | None) -> list[str]:
    if directory is None:
        return [
            "# Made by `tocsin acl`. A device's user is site/device: the common name of its certificate.",
            "# What is not allowed here is refused.",
        ]
    sites = ", ".join(directory.sites)
    return [
        f"# Made by `tocsin acl` for {sites}: make it anew when devices come and go.",
        "# What is not allowed here is refused.",
    ]


def _gateway(formats: Mapping[str, Format]) -> list[str]:
    actual = TREE_OF[Mode.ACTUAL]
    lines = [f"user {GATEWAY}"]
    lines += [f"topic read {tree}/v1/#" for tree in TREE_OF.values()]
    lines += [f"topic write {tree}/v1/+/+/{HEARS}" for tree in TREE_OF.values()]
    lines += [f"topic write {actual}/v1/+/{OURS}/status"]
    for name, each in formats.items():
        lines += [f"# {name}"]
        lines += [f"topic read {topic}" for topic in each.read]
        lines += [f"topic write {topic}" for topic in each.write]
    return lines


def _field(user: str, mode: Mode, why: str) -> list[str]:
    """Equipment that speaks for all devices of one tree, and for none of another."""
    tree = TREE_OF[mode]
    lines = [why, f"user {user}", f"topic read {tree}/v1/+/+/{HEARS}"]
    return lines + [f"topic write {tree}/v1/+/+/{each}" for each in SAYS]


def _drill() -> list[str]:
    return _field(DRILL, Mode.EXERCISE, "# Drill equipment: everything of the exercise, nothing that is real.")


def _tester() -> list[str]:
    return _field(TESTER, Mode.TEST, "# Equipment for testing devices.")


def _watcher() -> list[str]:
    return ["# What watches the broker: its own figures, no message.", f"user {WATCHER}", "topic read $SYS/#"]


def _bridge(name: str, form: Format) -> list[str]:
    lines = [f"# {name}", f"user {form.bridge}"]
    lines += [f"topic write {topic}" for topic in form.own_write]
    return lines + [f"topic read {topic}" for topic in form.own_read]


def _patterns(formats: Mapping[str, Format]) -> list[str]:
    tree = TREE_OF[Mode.ACTUAL]
    lines = ["# Each device: its own topics of the actual tree."]
    lines += [f"pattern write {tree}/v1/%u/{each}" for each in SAYS]
    lines += [f"pattern read {tree}/v1/%u/{HEARS}"]
    return lines + _own_patterns(formats)[1:]


def _own_patterns(formats: Mapping[str, Format]) -> list[str]:
    lines = ["# Devices of other formats: a device's user is its name there."]
    for name, each in formats.items():
        if each.own_write and not each.bridge:
            lines += [f"# {name}"]
            lines += [f"pattern write {topic}" for topic in each.own_write]
            lines += [f"pattern read {topic}" for topic in each.own_read]
    return lines


def _devices(directory: Directory, users: Mapping[str, Sequence[str]]) -> Iterator[list[str]]:
    named = {device for devices in users.values() for device in devices}
    for user, devices in users.items():
        yield [f"user {user}", *(line for each in devices for line in _own(directory, directory.devices[each]))]
    for device in directory.devices.values():
        if device.id not in named and device.source is None:
            yield [f"user {device.id}", *_own(directory, device)]


def _own(directory: Directory, device: Device) -> list[str]:
    tree = TREE_OF[Mode.ACTUAL]
    takes = bool(directory.device_classes[device.device_class].commands)
    says = SAYS if takes else SAYS[:-1]
    lines = [f"topic write {tree}/v1/{device.id}/{each}" for each in says]
    return lines + ([f"topic read {tree}/v1/{device.id}/{HEARS}"] if takes else [])
