"""Dashboards as Grafana has them: `python -m tests.support.dashboards` writes deploy/grafana/dashboards.

What they show is `dashboard_contents.py` and `dashboard_readings.py`. The JSON is that of Grafana 9 to 12 (JSON model:
https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/). Titles are in English
and Chinese, side by side: a dashboard has one language. InfluxDB is asked in InfluxQL, which 1.8, 2.x and 3.x answer.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.support.dashboard_contents import GATEWAY, OVERVIEW, PROMETHEUS, Dashboard, Panel
from tests.support.dashboard_readings import ENERGY, ENVIRONMENT

FOLDER = Path(__file__).parents[2] / "deploy" / "grafana" / "dashboards"
SCHEMA_VERSION = 39  # Grafana 10.3 and later; older ones take it, newer ones bring it up
WIDTH = 24  # columns of a dashboard
DASHBOARDS = (OVERVIEW, GATEWAY, ENERGY, ENVIRONMENT)
Json = dict[str, Any]


def written(dashboard: Dashboard) -> Json:
    return {
        "uid": dashboard.uid,
        "title": dashboard.title,
        "tags": ["tocsin"],
        "schemaVersion": SCHEMA_VERSION,
        "version": 1,
        "editable": True,
        "graphTooltip": 1,
        "timezone": "browser",
        "refresh": "30s",
        "time": {"from": f"now-{dashboard.hours}h", "to": "now"},
        "links": [
            {"type": "dashboards", "title": "Tocsin", "tags": ["tocsin"], "asDropdown": True, "includeVars": True}
        ],
        "annotations": {"list": []},
        "templating": {
            "list": [_source_variable(dashboard), *(_variable(dashboard, *each) for each in dashboard.variables)]
        },
        "panels": list(_panels(dashboard)),
    }


def _source_variable(dashboard: Dashboard) -> Json:
    return {
        "name": "source",
        "label": "Source · 数据源",
        "type": "datasource",
        "query": dashboard.source,
        "current": {"text": f"Tocsin {dashboard.source}", "value": f"tocsin-{dashboard.source}"},
        "refresh": 1,
        "hide": 0,
    }


def _variable(dashboard: Dashboard, name: str, label: str, query: str) -> Json:
    prometheus = dashboard.source == PROMETHEUS
    return {
        "name": name,
        "label": label,
        "type": "query",
        "datasource": _source(dashboard),
        "query": {"query": query, "refId": "Variable"} if prometheus else query,
        "definition": query,
        "refresh": 2,
        "sort": 1,
        "multi": True,
        "includeAll": True,
        "allValue": ".*",
        "current": {"selected": True, "text": ["All"], "value": ["$__all"]},
    }


def _source(dashboard: Dashboard) -> Json:
    return {"type": dashboard.source, "uid": "${source}"}


def _panels(dashboard: Dashboard) -> Iterator[Json]:
    y, number = 0, 0
    for row in dashboard.rows:
        number += 1
        yield {
            "id": number,
            "type": "row",
            "title": row.title,
            "collapsed": False,
            "panels": [],
            "gridPos": _at(0, y, WIDTH, 1),
        }
        x, y, height = 0, y + 1, 0
        for panel in row.panels:
            if x + panel.width > WIDTH:
                x, y, height = 0, y + height, 0
            number += 1
            yield _panel(dashboard, panel, number, _at(x, y, panel.width, panel.height))
            x, height = x + panel.width, max(height, panel.height)
        y += height


def _at(x: int, y: int, width: int, height: int) -> Json:
    return {"x": x, "y": y, "w": width, "h": height}


def _panel(dashboard: Dashboard, panel: Panel, number: int, position: Json) -> Json:
    steps = [{"color": colour, "value": value} for colour, value in panel.thresholds]
    custom: Json = {}
    if panel.kind == "timeseries":
        custom = {"fillOpacity": 20 if panel.stacked else 5, "showPoints": "never", "lineWidth": 1}
        custom["stacking"] = {"mode": "normal" if panel.stacked else "none", "group": "A"}
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "gridPos": position,
        "datasource": _source(dashboard),
        "targets": [_target(dashboard, letter, *query) for letter, query in zip("ABCDEF", panel.queries, strict=False)],
        "fieldConfig": {
            "defaults": {
                "unit": panel.unit,
                "min": 0 if panel.unit != "celsius" else None,
                "custom": custom,
                "thresholds": {"mode": "absolute", "steps": steps},
            },
            "overrides": [],
        },
        "options": _OPTIONS.get(panel.kind, {}),
    }


_OPTIONS: dict[str, Json] = {
    "timeseries": {
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
        "tooltip": {"mode": "multi", "sort": "desc"},
    },
    "stat": {
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "colorMode": "background",
        "graphMode": "none",
    },
    "barchart": {
        "stacking": "normal",
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
        "xTickLabelSpacing": 100,
    },
}


def _target(dashboard: Dashboard, letter: str, query: str, legend: str) -> Json:
    if dashboard.source == PROMETHEUS:
        return {"refId": letter, "datasource": _source(dashboard), "expr": query, "legendFormat": legend, "range": True}
    return {
        "refId": letter,
        "datasource": _source(dashboard),
        "query": query,
        "rawQuery": True,
        "resultFormat": "time_series",
        "alias": legend,
    }


def text(dashboard: Dashboard) -> str:
    return json.dumps(written(dashboard), ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    for each in DASHBOARDS:
        (FOLDER / f"{each.uid}.json").write_text(text(each), encoding="utf-8")
