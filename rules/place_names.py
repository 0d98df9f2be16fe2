"""What people call a place: site, building, floor and zone of anything that stands somewhere, in their language."""

from __future__ import annotations

from typing import NamedTuple

from rules.baseline import SAID
from rules.places import Placed
from rules.site import Directory, Title

METRIC = "metric:"  # before a metric's name among titles: metrics are called what phases and findings are called, too


class PlaceNames(NamedTuple):
    """Empty where it stands in none."""

    site: str
    building: str
    floor: str
    zone: str


def place_names(directory: Directory, of: Placed, language: str) -> PlaceNames:
    """Titles in the language, or in any other; ids where there is none, or the place is no longer in the site file."""
    site = directory.sites.get(of.site)
    building = next((each for each in site.buildings if each.id == of.building), None) if site else None
    floor = next((each for each in building.floors if each.id == of.floor), None) if building else None
    zone = directory.zones.get(of.zone)
    return PlaceNames(
        title_in(site.title, language, of.site) if site else of.site,
        title_in(building.title, language, of.building) if building else of.building,
        title_in(floor.title, language, of.floor) if floor else of.floor,
        title_in(zone.title, language, zone.name) if zone else of.zone.partition("/")[2],
    )


def titles_of(directory: Directory) -> dict[str, Title]:
    """What everything is called that a timeline names by its id: places, devices, and metrics that are called the same
    in every class that has them."""
    metrics: dict[str, list[Title]] = {}
    for device_class in directory.device_classes.values():
        for metric in device_class.metrics.values():
            metrics.setdefault(metric.name, []).append(metric.title)
    found = {METRIC + name: titles[0] for name, titles in metrics.items() if all(each == titles[0] for each in titles)}
    found |= {METRIC + name: title for name, title in SAID.items()}
    for site in directory.sites.values():
        found[site.id] = site.title
        for building in site.buildings:
            found[f"{site.id}/{building.id}"] = building.title
            found |= {f"{site.id}/{building.id}/{floor.id}": floor.title for floor in building.floors}
    found |= {zone.id: zone.title for zone in directory.zones.values()}
    found |= {device.id: device.title for device in directory.devices.values()}
    return {name: title for name, title in found.items() if title}


def title_in(title: Title, language: str, id: str) -> str:
    return title.get(language) or next(iter(title.values()), "") or id
