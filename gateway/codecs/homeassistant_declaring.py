"""A discovery topic and its options → entities, or why not. Knows nothing of what was declared before."""

from __future__ import annotations

from typing import Any, NamedTuple

from msgspec import structs

from gateway.codecs.homeassistant_components import BUILDERS, LEFT_ALONE, find
from gateway.codecs.homeassistant_config import Config, Where, Wrong, about, in_full
from gateway.codecs.homeassistant_entity import About, Entity
from gateway.codecs.native import TEXT_CHARACTERS_MAX

SHARED = (  # options at the top of a device's message that hold for all its components
    *("availability", "availability_topic", "availability_mode", "availability_template"),
    *("payload_available", "payload_not_available", "state_topic", "command_topic", "qos", "encoding", "~"),
)


class Declared(NamedTuple):
    about: About
    entities: list[Entity]
    removed: list[tuple[str, str, str]]  # keys of components that a device's message gives with nothing but a platform
    complaints: list[str]


def declared(topic: str, where: Where, options: dict[str, Any]) -> Declared:
    """Raises Wrong where nothing of it can be taken."""
    if where.component == "device":
        return _device(topic, where, options)
    device = about(options.get("device"), _name_of_the_nameless(where, options))
    if options.get("device") is None:
        device = structs.replace(device, title=Config(options).text("name"))
    found = Declared(device, [], [], [])
    _add(found, topic, (where.component, where.node, where.object_id), options)
    return found


def _device(topic: str, where: Where, options: dict[str, Any]) -> Declared:
    components = options.get("components")
    if not isinstance(components, dict):
        raise Wrong("a device without components; expected an object of them")
    if options.get("device") is None:
        raise Wrong("a device's message without device; expected an object with identifiers")
    found = Declared(about(options["device"], where.object_id), [], [], [])
    shared = {name: options[name] for name in SHARED if name in options}
    for name, given in components.items():
        if not isinstance(given, dict) or len(name) > TEXT_CHARACTERS_MAX // 2:
            found.complaints.append(f"component {name[:40]!r}; expected an object and a short name")
            continue
        component = in_full(given)
        platform = component.pop("platform", None)
        if not isinstance(platform, str):
            found.complaints.append(f"component {name[:40]!r} without a platform")
            continue
        key = (platform[:TEXT_CHARACTERS_MAX], where.object_id, name)
        if not component:
            found.removed.append(key)
        else:
            _add(found, topic, key, {**shared, **component})
    return found


def _add(found: Declared, topic: str, key: tuple[str, str, str], options: dict[str, Any]) -> None:
    component = key[0]
    if component in LEFT_ALONE:
        return
    if component not in BUILDERS:
        found.complaints.append(f"component {component[:40]!r}; expected {', '.join(BUILDERS)}")
        return
    try:
        entity = _entity(found, topic, key, Config(options))
    except Wrong as wrong:
        found.complaints.append(f"{component}.{key[2][:40]}: {wrong}")
        return
    if entity is not None:
        found.entities.append(entity)


def _entity(found: Declared, topic: str, key: tuple[str, str, str], config: Config) -> Entity | None:
    """None: it is neither heard nor told anything, as far as it is understood; then there is a complaint."""
    component, _, object_id = key
    name = f"{component}.{object_id}"
    points = find(component, name, config)
    if points is None:
        return None
    found.complaints.extend(f"{name}: {complaint}" for complaint in points.complaints)
    if not points.points:
        if not points.complaints:
            found.complaints.append(f"{name}: no state_topic and no command_topic; expected at least one")
        return None
    return Entity(
        key,
        topic,
        name,
        component,
        config.text("device_class"),
        tuple(points.points),
        tuple(points.listens),
        tuple(points.orders),
        config.availability(),
        config.mode(),
        config.expire_after_ms(),
    )


def _name_of_the_nameless(where: Where, options: dict[str, Any]) -> str:
    """What an entity that names no device goes by: its unique id, else its place in the tree."""
    unique_id = options.get("unique_id")
    if isinstance(unique_id, str) and 0 < len(unique_id) <= TEXT_CHARACTERS_MAX:
        return unique_id
    return "/".join(part for part in (where.component, where.node, where.object_id) if part)[:TEXT_CHARACTERS_MAX]
