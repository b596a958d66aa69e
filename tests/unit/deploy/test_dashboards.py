"""Every panel asks for series that a process really shows, in PromQL that Prometheus accepts."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from deploy.grafana.source import DASHBOARDS, FOLDER, Dashboard, made
from shared.telemetry.metrics import Metrics
from tests.builders.exported import series
from tests.builders.promql import OF_ALERTS, named_in, strangers

SERIES = series() | {"ALERTS": OF_ALERTS}
PROMTOOL = shutil.which("promtool")
PANELS = [(it.uid, panel.title, panel.asks) for it in DASHBOARDS for panel in it.panels]
NOT_DRAWN = {
    "desk_clock_skew_seconds",  # an alert, DeskDegraded, names the clock
    "desk_due",
    "desk_large_documents",
    "desk_outages_total",  # desk_degraded is drawn
    "desk_spans_total",  # nothing, where tracing is off
    "desk_timers_total",
    "desk_work_total",  # desk_work_seconds counts them by outcome
}

each_dashboard = pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda it: it.uid)


@each_dashboard
def test_the_file_is_the_current_one(dashboard: Dashboard) -> None:
    assert (FOLDER / f"{dashboard.uid}.json").read_text("utf-8") == made(dashboard), "run make docs"


def test_no_file_is_left_of_a_dashboard_that_is_no_more() -> None:
    assert {it.stem for it in FOLDER.glob("*.json")} == {it.uid for it in DASHBOARDS}


@pytest.mark.parametrize(("uid", "title", "asks"), PANELS)
def test_a_panel_names_only_series_and_labels_that_a_process_shows(
    uid: str, title: str, asks: str
) -> None:
    assert strangers(asks, SERIES) == []


def test_every_metric_is_drawn_or_has_a_reason_not_to_be() -> None:
    drawn = {name for _, _, asks in PANELS for name in named_in(asks).series}
    ends = ("", "_bucket", "_sum", "_count")
    metrics = {it.name for it in Metrics().documented}

    assert {it for it in metrics if drawn.isdisjoint(it + end for end in ends)} == NOT_DRAWN


@each_dashboard
def test_no_two_panels_of_a_dashboard_have_one_place_or_title(dashboard: Dashboard) -> None:
    panels = json.loads(made(dashboard))["panels"]

    assert len({(it["gridPos"]["x"], it["gridPos"]["y"]) for it in panels}) == len(panels)
    assert len({it["title"] for it in panels}) == len(panels)


@pytest.mark.skipif(PROMTOOL is None, reason="promtool is missing: apt-get install prometheus")
def test_prometheus_accepts_every_expression(tmp_path: Path) -> None:
    rules = [
        {"record": f"panel:{number}", "expr": asks.replace("$__rate_interval", "5m")}
        for number, (_, _, asks) in enumerate(PANELS)
    ]
    file = tmp_path / "panels.yml"
    file.write_text(json.dumps({"groups": [{"name": "panels", "rules": rules}]}), "utf-8")

    outcome = subprocess.run(
        [str(PROMTOOL), "check", "rules", str(file)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
