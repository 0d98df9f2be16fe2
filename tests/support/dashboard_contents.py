"""What Grafana's dashboards show of the gateway itself, and what they ask of Prometheus for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

PROMETHEUS, INFLUXDB = "prometheus", "influxdb"


class Panel(NamedTuple):
    """`queries`: (expression, legend). `width` in columns, `height` in rows of some 30 pixels."""

    title: str
    queries: Sequence[tuple[str, str]]
    unit: str = "short"
    kind: str = "timeseries"
    width: int = 8
    height: int = 8
    thresholds: Sequence[tuple[str, float | None]] = (("green", None),)
    stacked: bool = False


class Row(NamedTuple):
    title: str
    panels: Sequence[Panel]


class Dashboard(NamedTuple):
    uid: str
    title: str
    source: str
    rows: Sequence[Row]
    variables: Sequence[tuple[str, str, str]] = ()  # (name, label, query)
    hours: int = 6


# ---- Prometheus

_INSTANCES = 'instance=~"$instance"'
_OF = f"{{{_INSTANCES}}}"
_INSTANCE = ("instance", "Gateway · 网关", "label_values(tocsin_ready, instance)")
_ONE_IS_WELL = (("red", None), ("green", 1.0))
_NONE_IS_WELL = (("green", None), ("red", 1.0))


def _rate(name: str, by: str = "instance") -> str:
    return f"sum by ({by}) (rate(tocsin_{name}{_OF}[$__rate_interval]))"


def _quantiles(name: str) -> list[tuple[str, str]]:
    rates = f"sum by (instance, le) (rate(tocsin_{name}_bucket{_OF}[$__rate_interval]))"
    return [(f"histogram_quantile({share}, {rates})", f"p{share * 100:g}") for share in (0.5, 0.9, 0.99)]


def _stat(
    title: str, expression: str, unit: str = "short", thresholds: Any = (("green", None),), width: int = 4
) -> Panel:
    return Panel(title, [(expression, "{{instance}}")], unit, "stat", width, 4, thresholds)


_REAL = '{mode="actual",instance=~"$instance"}'
OVERVIEW = Dashboard(
    "tocsin-overview",
    "Tocsin · Overview · 总览",
    PROMETHEUS,
    [
        Row(
            "Now · 当前",
            [
                _stat("Ready · 就绪", f"tocsin_ready{_OF}", thresholds=_ONE_IS_WELL),
                _stat("Broker · 消息服务器", f"tocsin_connected{_OF}", thresholds=_ONE_IS_WELL),
                *(
                    _stat(
                        f"Level {level} · {word}",
                        f'sum by (instance) (tocsin_incidents_open{{mode="actual",level="{level}",{_INSTANCES}}})',
                        thresholds=(("green", None), (colour, 1.0)),
                    )
                    for level, word, colour in (
                        ("I", "一级", "red"),
                        ("II", "二级", "orange"),
                        ("III", "三级", "yellow"),
                    )
                ),
                _stat("Devices silent · 失联设备", f"tocsin_devices_silent{_OF}", thresholds=_NONE_IS_WELL),
            ],
        ),
        Row(
            "What happens · 运行情况",
            [
                Panel(
                    "Open incidents by level · 未结事件",
                    [(f"sum by (level) (tocsin_incidents_open{_REAL})", "{{level}}")],
                    width=12,
                    stacked=True,
                ),
                Panel(
                    "Incidents of exercises · 演练事件",
                    [
                        (
                            'sum by (mode, level) (tocsin_incidents_open{mode!="actual",instance=~"$instance"})',
                            "{{mode}} {{level}}",
                        )
                    ],
                    width=12,
                ),
                Panel("Messages a second · 每秒报文", [(_rate("messages_total"), "{{instance}}")], "mps"),
                Panel(
                    "Changes of verdict a second · 判定变化",
                    [(_rate("verdict_changes_total"), "{{instance}}")],
                    "ops",
                ),
                Panel(
                    "Dead letters a second · 无法解析",
                    [(_rate("dead_letters_total", "reason"), "{{reason}}")],
                    "mps",
                ),
            ],
        ),
        Row(
            "How quick it is · 响应时间",
            [
                Panel("Message to stored · 报文入库", _quantiles("ingest_lag_seconds"), "s"),
                Panel("Command to answer · 指令往返", _quantiles("command_round_trip_seconds"), "s"),
                Panel("Deadlines: how late · 时限延迟", _quantiles("deadline_lateness_seconds"), "s"),
            ],
        ),
        Row(
            "What people are told · 通知",
            [
                Panel(
                    "Failed messages by channel · 发送失败",
                    [(_rate("notifier_failures_total", "channel"), "{{channel}}")],
                    "mps",
                    width=12,
                ),
                Panel(
                    "Waiting to be done · 待执行",
                    [(f"sum by (kind) (tocsin_outbox_waiting{_OF})", "{{kind}}")],
                    width=12,
                ),
            ],
        ),
    ],
    [_INSTANCE],
)


GATEWAY = Dashboard(
    "tocsin-gateway",
    "Tocsin · Gateway · 网关内部",
    PROMETHEUS,
    [
        Row(
            "Ingest · 接入",
            [
                Panel(
                    "Readings a second · 每秒读数",
                    [(_rate(f"readings_{kind}_total"), kind) for kind in ("live", "late", "replayed")],
                    "ops",
                    stacked=True,
                ),
                Panel("Messages of a batch · 批量大小", _quantiles("batch_messages")),
                Panel(
                    "Taken in, not committed · 未确认",
                    [(f"tocsin_unacknowledged_messages{_OF}", "{{instance}}")],
                ),
            ],
        ),
        Row(
            "Store · 存储",
            [
                Panel("Commit of the journal · 日志提交", _quantiles("commit_seconds"), "s"),
                Panel("Commit of telemetry · 遥测提交", _quantiles("telemetry_commit_seconds"), "s"),
                Panel("Batches a second · 每秒批次", [(_rate("batches_total"), "{{instance}}")], "ops"),
                Panel(
                    "Stored · 占用",
                    [(f"sum by (part) (tocsin_store_bytes{_OF})", "{{part}}")],
                    "bytes",
                    stacked=True,
                ),
                Panel(
                    "Disk free · 磁盘剩余",
                    [(f"tocsin_disk_free_bytes{_OF} / tocsin_disk_size_bytes{_OF}", "{{instance}}")],
                    "percentunit",
                ),
                Panel(
                    "Failures of the store · 存储故障",
                    [(f"increase(tocsin_store_failures_total{_OF}[$__rate_interval])", "{{instance}}")],
                ),
            ],
        ),
        Row(
            "Engine · 引擎",
            [
                Panel(
                    "Journal · 日志条数",
                    [(f"rate(tocsin_journal_index{_OF}[$__rate_interval])", "{{instance}}")],
                    "ops",
                ),
                Panel("Detections · 检出", [(f"tocsin_detections{_OF}", "{{instance}}")]),
                Panel("Deadline overdue · 超期", [(f"tocsin_deadline_overdue_seconds{_OF}", "{{instance}}")], "s"),
                Panel(
                    "Auditor's findings · 审计发现",
                    [
                        (f"tocsin_audit_missing{_OF}", "missing · 缺失"),
                        (f"increase(tocsin_audit_findings_total{_OF}[1h])", "in an hour · 每小时"),
                    ],
                ),
                Panel(
                    "Drills · 演练",
                    [(f"tocsin_drills{_OF}", "on · 进行中"), (f"tocsin_drills_overdue{_OF}", "overdue · 逾期")],
                ),
                Panel(
                    "Entries a second · 每秒记录",
                    [(f"rate(tocsin_entries{_OF}[$__rate_interval])", "{{instance}}")],
                    "ops",
                ),
            ],
        ),
        Row(
            "Outside · 对外",
            [
                Panel(
                    "Commands · 指令",
                    [
                        (_rate("commands_published_total"), "published · 已下发"),
                        (_rate("command_failures_total"), "failed · 失败"),
                        (f"tocsin_commands_unanswered{_OF}", "unanswered · 未应答"),
                    ],
                ),
                Panel("Deliveries · 投递", [(_rate("deliveries_total", "kind, result"), "{{kind}} {{result}}")], "ops"),
                Panel(
                    "Attempts under way · 进行中",
                    [(f"sum by (kind) (tocsin_deliveries_under_way{_OF})", "{{kind}}")],
                ),
                Panel(
                    "Requests to the API · 接口请求",
                    [(_rate("api_requests_total", "method, status"), "{{method}} {{status}}")],
                    "reqps",
                ),
                Panel("Event streams · 事件流", [(f"tocsin_event_streams{_OF}", "{{instance}}")]),
                Panel("Starts of the API · 接口启动", [(f"tocsin_api_starts_total{_OF}", "{{instance}}")]),
                Panel(
                    "InfluxDB: how far behind · InfluxDB 滞后",
                    [(f"tocsin_influxdb_lag_seconds{_OF}", "{{instance}}")],
                    "s",
                ),
                Panel(
                    "Energy rolled up until · 能耗汇总至",
                    [(f"time() - tocsin_energy_rolled_up_time_seconds{_OF}", "{{instance}}")],
                    "s",
                ),
                Panel(
                    "Running since · 启动时间",
                    [(f"tocsin_start_time_seconds{_OF} * 1000", "{{instance}}")],
                    "dateTimeFromNow",
                    "stat",
                ),
            ],
        ),
    ],
    [_INSTANCE],
)
