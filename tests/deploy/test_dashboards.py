"""The dashboards: as Grafana expects them, and every question in them is answered by a real Prometheus that scrapes a
real gateway, and by a real InfluxDB.

Grafana itself is not among the servers that the tests can have: that it loads them is not shown here.
"""

from __future__ import annotations

import json
import re
import urllib.parse
from collections.abc import Iterator
from typing import Any

import pytest

from gateway.clock import now_ms
from gateway.files import read_document
from gateway.library import load
from rules.site import MetricKind
from simulators.building import demo_tower, site_yaml
from tests.deploy.test_prometheus import RULES, alerts
from tests.support.dashboard_contents import INFLUXDB, PROMETHEUS
from tests.support.dashboards import DASHBOARDS, FOLDER, WIDTH, text
from tests.support.gateway import RunningGateway
from tests.support.servers import require
from tests.support.watchers import Influx, Prometheus, program_of

Json = dict[str, Any]
WRITTEN: dict[str, Json] = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in FOLDER.glob("*.json")}
DATASOURCES = FOLDER.parent / "provisioning" / "datasources" / "tocsin.yaml"
ELSEWHERE = {"tocsin_influxdb_lag_seconds"}  # said by the forwarder, where there is one
NAME = re.compile(r"\btocsin_[a-z0-9_]+")
VARIABLES = {"$__rate_interval": "1m", "$__interval": "1m", "$instance": ".*", "$site": ".*", "$building": ".*"}


def targets(source: str) -> list[tuple[str, str]]:
    """(where it stands, what is asked)."""
    key = "expr" if source == PROMETHEUS else "query"
    return [
        (f"{name}: {panel['title']} {target['refId']}", target[key])
        for name, dashboard in sorted(WRITTEN.items())
        for panel in dashboard["panels"]
        for target in panel.get("targets", [])
        if target["datasource"]["type"] == source
    ]


def filled(asked: str) -> str:
    for variable, value in VARIABLES.items():
        asked = asked.replace(variable, value)
    return asked.replace("$timeFilter", "time > now() - 6h")


# ---- what stands in the files


def test_the_files_are_those_that_are_made() -> None:
    assert {each.uid: text(each) for each in DASHBOARDS} == {
        name: (FOLDER / f"{name}.json").read_text(encoding="utf-8") for name in WRITTEN
    }


@pytest.mark.parametrize("name", WRITTEN)
def test_a_dashboard_is_of_the_shape_grafana_reads(name: str) -> None:
    dashboard = WRITTEN[name]
    assert dashboard["uid"] == name
    assert len(dashboard["uid"]) <= 40
    assert dashboard["schemaVersion"] >= 36
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(ids) == len(set(ids))
    taken: set[tuple[int, int]] = set()
    for panel in dashboard["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert at["x"] + at["w"] <= WIDTH
        assert not cells & taken, panel["title"]
        taken |= cells
        assert panel["type"] in ("row", "stat", "timeseries", "barchart")
        assert re.search(r"[一-鿿]", panel["title"]), panel["title"]
        if panel["type"] != "row":
            letters = [target["refId"] for target in panel["targets"]]
            assert letters == sorted(set(letters))


@pytest.mark.parametrize("name", WRITTEN)
def test_every_datasource_of_a_dashboard_is_a_variable_that_a_provisioned_source_fits(name: str) -> None:
    dashboard = WRITTEN[name]
    provisioned = {
        each["uid"]: each["type"]
        for each in read_document(DATASOURCES.read_text(encoding="utf-8"), "tocsin.yaml").value["datasources"]
    }
    known = {each["name"]: each for each in dashboard["templating"]["list"] if each["type"] == "datasource"}
    variables = [each for each in dashboard["templating"]["list"] if each["type"] == "query"]
    panels = [panel for panel in dashboard["panels"] if panel["type"] != "row"]
    asked = [*panels, *variables, *(target for panel in panels for target in panel["targets"])]
    for each in asked:
        variable = known[each["datasource"]["uid"].removeprefix("${").removesuffix("}")]
        assert variable["query"] == each["datasource"]["type"]
        assert provisioned[variable["current"]["value"]] == variable["query"]


@pytest.mark.parametrize(("where", "query"), targets(INFLUXDB), ids=lambda each: each[:50])
def test_a_question_to_influxdb_is_about_metrics_that_some_class_has(where: str, query: str) -> None:
    classes = load([]).directory.device_classes.values()
    numbers = {name for each in classes for name, metric in each.metrics.items() if metric.kind is MetricKind.NUMBER}
    asked = set(re.findall(r'(?:mean|min|max|last|sum)\("(\w+)"\)', query)) - {"each"}
    assert asked <= numbers, where


@pytest.mark.parametrize("dashboard", WRITTEN.values(), ids=WRITTEN)
def test_every_variable_that_is_used_is_there(dashboard: Json) -> None:
    there = {each["name"] for each in dashboard["templating"]["list"]}
    used = set(re.findall(r"\$\{?([a-z]+)\b", json.dumps([p.get("targets", []) for p in dashboard["panels"]])))
    assert used - {"tag"} <= there


# ---- what real servers answer


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    folder = tmp_path_factory.mktemp("gateway")
    made = RunningGateway(folder, "".join(site_yaml(demo_tower())), {"url": "embedded", "embedded_port": 0})
    made.start()
    yield made
    made.kill()


@pytest.fixture(scope="module")
def prometheus(gateway: RunningGateway, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    require("prometheus", program_of("prometheus"))
    target = urllib.parse.urlsplit(gateway.url).netloc
    made = Prometheus(tmp_path_factory.mktemp("prometheus"), target, RULES)
    made.start()
    made.until(lambda: made.ask("query", query="count_over_time(tocsin_ready[1m]) > 2")["result"], "scrapes no gateway")
    yield made
    made.stop()


def test_every_metric_that_is_asked_about_is_one_of_a_running_gateway(gateway: RunningGateway) -> None:
    body = gateway.ask("/metrics")[1].decode()
    declared = set(re.findall(r"^# TYPE (\S+)", body, re.MULTILINE))
    histograms = set(re.findall(r"^# TYPE (\S+) histogram", body, re.MULTILINE))
    there = declared | {f"{name}_bucket" for name in histograms} | ELSEWHERE
    asked = " ".join([*(query for _, query in targets(PROMETHEUS)), *(str(rule["expr"]) for rule in alerts().values())])
    assert set(NAME.findall(asked)) <= there


def test_every_metric_of_a_gateway_is_shown_or_watched(gateway: RunningGateway) -> None:
    """A figure at which nobody looks is one too many, but for what tells the version."""
    body = gateway.ask("/metrics")[1].decode()
    declared = set(re.findall(r"^# TYPE (\S+)", body, re.MULTILINE))
    asked = " ".join([*(query for _, query in targets(PROMETHEUS)), *(str(rule["expr"]) for rule in alerts().values())])
    seen = {name.removesuffix("_bucket") for name in NAME.findall(asked)}
    assert declared - seen == {"tocsin_build_info", "tocsin_energy_rollup_failures_total"}


@pytest.mark.parametrize(("where", "query"), targets(PROMETHEUS), ids=lambda each: each[:50])
def test_prometheus_answers_every_panel(prometheus: Prometheus, where: str, query: str) -> None:
    found = prometheus.ask("query", query=filled(query))
    assert found["resultType"] in ("vector", "scalar"), where


def test_what_a_gateway_always_says_is_seen_on_the_dashboards(prometheus: Prometheus) -> None:
    """Panels that are empty on a healthy gateway show what may happen: failures, deliveries, InfluxDB."""
    empty = [
        where for where, query in targets(PROMETHEUS) if not prometheus.ask("query", query=filled(query))["result"]
    ]
    may_be_empty = ("dead letters", "failed messages", "influxdb", "energy rolled up")
    assert [each for each in empty if not any(word in each.lower() for word in may_be_empty)] == []


def test_prometheus_takes_the_alert_rules_and_none_but_the_dead_man_s_fires_on_a_healthy_gateway(
    prometheus: Prometheus,
) -> None:
    def healthy() -> bool:
        groups = prometheus.ask("rules")["groups"]
        return all(rule["health"] == "ok" for group in groups for rule in group["rules"])

    prometheus.until(healthy, "has not evaluated the rules")
    firing = [each["labels"]["alertname"] for each in prometheus.ask("alerts")["alerts"] if each["state"] == "firing"]
    assert firing == ["TocsinDeadMan"]


@pytest.fixture(scope="module")
def influx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Influx]:
    """With a quarter of an hour of every metric, as the forwarder writes it."""
    require("influxd", program_of("influxd"))
    made = Influx(tmp_path_factory.mktemp("influx"))
    made.start()
    made.write(list(_lines()))
    yield made
    made.stop()


def _lines() -> Iterator[str]:
    now = now_ms() // 1000
    for device_class in load([]).directory.device_classes.values():
        place = "site=tower-a,building=tower,floor=12F,zone=12F-east"
        tags = f"{place},device=tower-a/{device_class.id},class={device_class.id},mode=actual"
        numbers = [name for name, metric in device_class.metrics.items() if metric.kind is MetricKind.NUMBER]
        for step in range(30):
            fields = ",".join(f"{name}={10 + step}" for name in numbers)
            if fields:
                yield f"readings,{tags} {fields} {now - 3 * 3600 + step * 360}"
        for event in device_class.events:
            yield f"events,{tags},event={event} count=1 {now - 600}"


@pytest.mark.parametrize(("where", "query"), targets(INFLUXDB), ids=lambda each: each[:50])
def test_influxdb_answers_every_panel_with_points(influx: Influx, where: str, query: str) -> None:
    series = influx.ask(filled(query))
    values = [value for each in series for row in each["values"] for value in row[1:]]
    assert any(value is not None for value in values), where


@pytest.mark.parametrize("name", [name for name in WRITTEN if "energy" in name or "environment" in name])
def test_influxdb_answers_the_variables_of_a_dashboard(influx: Influx, name: str) -> None:
    for variable in WRITTEN[name]["templating"]["list"]:
        if variable["type"] == "query":
            assert influx.ask(filled(variable["query"]))[0]["values"]
