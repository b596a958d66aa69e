"""Writes deploy/grafana/dashboards: `python -m deploy.grafana.source`.

A dashboard is written here as what its panels ask; Grafana's JSON repeats itself too much to read.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "dashboards"
COLUMNS, HEIGHT = 3, 8
WIDTH = 24 // COLUMNS
SOURCE = {"type": "prometheus", "uid": "prometheus"}


@dataclass(frozen=True)
class Panel:
    """One graph. `unit` is Grafana's word; `meaning` is shown where the mouse rests."""

    title: str
    unit: str
    asks: str
    legend: str
    meaning: str = ""


@dataclass(frozen=True)
class Dashboard:
    """Three panels beside each other in each row, in this order."""

    uid: str
    title: str
    panels: tuple[Panel, ...]


DESK = Dashboard(
    "contract-desk",
    "Contract desk",
    (
        Panel(
            "Alerts",
            "short",
            'count by (alertname, severity) (ALERTS{alertstate="firing"})',
            "{{alertname}} ({{severity}})",
            "docs/runbook.md has a heading for each.",
        ),
        Panel("Processes that answer", "short", 'sum by (service) (up{job="desk"})', "{{service}}"),
        Panel(
            "Down, as services see it",
            "short",
            "max by (service, dependency) (desk_degraded)",
            "{{service}}: {{dependency}}",
        ),
        Panel(
            "Records by fate",
            "ops",
            "sum by (service, fate) (rate(desk_records_total[$__rate_interval]))",
            "{{service}} {{fate}}",
        ),
        Panel(
            "Lag",
            "s",
            "max by (service, topic) (desk_lag_seconds)",
            "{{service}} {{topic}}",
            "How old the last record decided was, while others lie behind it.",
        ),
        Panel(
            "Lag in records",
            "short",
            "sum by (service, topic) (desk_lag_records)",
            "{{service}} {{topic}}",
        ),
        Panel(
            "Events published",
            "ops",
            "sum by (type) (rate(desk_events_total[$__rate_interval]))",
            "{{type}}",
        ),
        Panel(
            "Decisions by policy",
            "ops",
            "sum by (type, policy) (rate(desk_decisions_total[$__rate_interval]))",
            "{{policy}} {{type}}",
        ),
        Panel(
            "Alarms of decisions, per hour",
            "short",
            "sum by (type) (increase(desk_alarms_total[1h]))",
            "{{type}}",
            "Such as inquiries past their answer target.",
        ),
        Panel(
            "Dead letters, per hour",
            "short",
            "sum by (service, reason) (increase(desk_dead_letters_total[1h]))",
            "{{service}} {{reason}}",
        ),
        Panel(
            "Parked by a defect",
            "short",
            "max by (service, kind) (desk_parked)",
            "{{service}} {{kind}}",
        ),
        Panel(
            "Longest overdue timer",
            "s",
            "max by (service, kind) (desk_due_oldest_seconds)",
            "{{service}} {{kind}}",
        ),
        Panel(
            "Mails and documents that wait",
            "short",
            "max by (service, kind) (desk_work_waiting)",
            "{{kind}}",
        ),
        Panel(
            "The oldest of them",
            "s",
            "max by (service, kind) (desk_work_oldest_seconds)",
            "{{kind}}",
        ),
        Panel(
            "Age when tried, 95 of 100",
            "s",
            "histogram_quantile(0.95, sum by (kind, outcome, le)"
            " (rate(desk_work_seconds_bucket[$__rate_interval])))",
            "{{kind}} {{outcome}}",
            "How long a mail or document had been wanted.",
        ),
        Panel(
            "Seconds per step, 95 of 100",
            "s",
            "histogram_quantile(0.95, sum by (service, step, le)"
            " (rate(desk_step_seconds_bucket[$__rate_interval])))",
            "{{service}} {{step}}",
        ),
        Panel(
            "Records per batch",
            "short",
            "sum by (service) (rate(desk_batch_records_sum[$__rate_interval]))"
            " / sum by (service) (rate(desk_batch_records_count[$__rate_interval]))",
            "{{service}}",
        ),
        Panel(
            "Batches decided again",
            "ops",
            "sum by (service) (rate(desk_write_conflicts_total[$__rate_interval]))",
            "{{service}}",
            "Another writer came first.",
        ),
        Panel(
            "Largest document",
            "bytes",
            "max by (service, kind) (desk_largest_document_bytes)",
            "{{service}} {{kind}}",
        ),
        Panel(
            "CPU",
            "percentunit",
            'sum by (service) (rate(process_cpu_seconds_total{job="desk"}[$__rate_interval]))',
            "{{service}}",
        ),
        Panel(
            "Memory",
            "bytes",
            'sum by (service) (process_resident_memory_bytes{job="desk"})',
            "{{service}}",
        ),
    ),
)

WEB = Dashboard(
    "contract-desk-web",
    "Contract desk: pages",
    (
        Panel(
            "Requests by status",
            "ops",
            "sum by (service, status) (rate(desk_web_request_seconds_count[$__rate_interval]))",
            "{{service}} {{status}}",
        ),
        Panel(
            "Answered within, 95 of 100",
            "s",
            "histogram_quantile(0.95, sum by (service, le)"
            " (rate(desk_web_request_seconds_bucket[$__rate_interval])))",
            "{{service}}",
        ),
        Panel(
            "The ten slowest pages, 95 of 100",
            "s",
            "topk(10, histogram_quantile(0.95, sum by (page, le)"
            " (rate(desk_web_request_seconds_bucket[$__rate_interval]))))",
            "{{page}}",
        ),
        Panel(
            "The ten pages most asked for",
            "ops",
            "topk(10, sum by (page) (rate(desk_web_request_seconds_count[$__rate_interval])))",
            "{{page}}",
        ),
        Panel(
            "Failures by page",
            "ops",
            "sum by (page, status)"
            ' (rate(desk_web_request_seconds_count{status=~"5.."}[$__rate_interval]))',
            "{{page}} {{status}}",
        ),
        Panel(
            "Refused by limits",
            "ops",
            'sum by (page) (rate(desk_web_request_seconds_count{status="429"}[$__rate_interval]))',
            "{{page}}",
        ),
    ),
)

DASHBOARDS = (DESK, WEB)


def made(dashboard: Dashboard) -> str:
    """The dashboard as Grafana reads it."""
    document = {
        "uid": dashboard.uid,
        "title": dashboard.title,
        "schemaVersion": 39,
        "tags": ["contract-desk"],
        "timezone": "browser",
        "time": {"from": "now-3h", "to": "now"},
        "refresh": "30s",
        "panels": list(_panels(dashboard)),
    }
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def _panels(dashboard: Dashboard) -> Iterator[dict[str, Any]]:
    for number, panel in enumerate(dashboard.panels):
        row, column = divmod(number, COLUMNS)
        yield {
            "id": number + 1,
            "type": "timeseries",
            "title": panel.title,
            "description": panel.meaning,
            "datasource": SOURCE,
            "gridPos": {"x": column * WIDTH, "y": row * HEIGHT, "w": WIDTH, "h": HEIGHT},
            "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": []},
            "options": {"legend": {"displayMode": "list", "placement": "bottom"}},
            "targets": [
                {
                    "refId": "A",
                    "datasource": SOURCE,
                    "expr": panel.asks,
                    "legendFormat": panel.legend,
                }
            ],
        }


def main() -> None:
    for dashboard in DASHBOARDS:
        (FOLDER / f"{dashboard.uid}.json").write_text(made(dashboard), "utf-8")


if __name__ == "__main__":
    main()
