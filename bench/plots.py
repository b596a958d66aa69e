"""The benchmark's results as pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from bench.backlog import Look
from bench.results import RESULTS, Summary

OURS, OTHERS = "#1f6f8b", "#9aa5ad"
STAGES = ("#1f6f8b", "#e0a458", "#8a5a83", "#5b8c5a")
mpl.rcParams |= {"svg.hashsalt": "contract-desk", "font.size": 10, "axes.spines.top": False}
mpl.rcParams |= {"axes.spines.right": False, "figure.facecolor": "white"}


def bars(name: str, panels: Mapping[str, Sequence[Summary]], servers: str) -> Path:
    """Bars of the medians with their spread, a panel for each piece of work."""
    heights = [len(rows) for rows in panels.values()]
    figure = Figure(figsize=(8, 0.62 * sum(heights) + 1.2 * len(panels)), layout="constrained")
    axes = figure.subplots(len(panels), 1, squeeze=False, height_ratios=heights)[:, 0]
    for axis, (title, rows) in zip(axes, panels.items(), strict=True):
        labels = [row.contender for row in rows]
        rates = [row.rate for row in rows]
        spread = [
            [row.rate - row.lowest for row in rows],
            [row.highest - row.rate for row in rows],
        ]
        colours = [OURS if label.startswith("contract-desk") else OTHERS for label in labels]
        axis.barh(labels, rates, xerr=spread, color=colours, ecolor="#333333", capsize=3)
        for number, row in enumerate(rows):
            axis.text(row.highest, number, f"  {row.rate:,.0f}/s", va="center")
        axis.invert_yaxis()
        axis.margins(x=0.15)
        axis.set_title(title, loc="left", fontsize=11)
    axes[-1].set_xlabel(f"records per second, median and range ({servers})")
    return _saved(figure, name)


def latency(name: str, stages: Mapping[str, Mapping[str, Sequence[float]]], servers: str) -> Path:
    """p50, p95 and p99 of each stage, a panel for each title; times are milliseconds."""
    figure = Figure(figsize=(8, 2.1 * len(stages)), layout="constrained")
    axes = figure.subplots(len(stages), 1, squeeze=False)[:, 0]
    for axis, (title, of_stage) in zip(axes, stages.items(), strict=True):
        width = 0.8 / len(of_stage)
        for number, (stage, figures) in enumerate(of_stage.items()):
            places = [place + number * width for place in range(len(figures))]
            bars = axis.bar(places, figures, width, label=stage, color=STAGES[number])
            axis.bar_label(bars, fmt="%.0f", fontsize=8)
        axis.set_xticks([place + 0.4 - width / 2 for place in range(3)], ["p50", "p95", "p99"])
        axis.set_ylabel("ms")
        axis.margins(y=0.15)
        axis.set_title(title, loc="left", fontsize=11)
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper right", ncols=3, frameon=False, fontsize=8)
    axes[-1].set_xlabel(servers)
    return _saved(figure, name)


@dataclass(frozen=True, slots=True)
class Line:
    """Rates against what grows: one panel."""

    grows: str
    found: Mapping[int, Summary]
    logarithmic: bool = False


def lines(name: str, panels: Sequence[Line], servers: str) -> Path:
    """Throughput against what grows, a panel each; median and range."""
    figure = Figure(figsize=(8, 2.6 * len(panels)), layout="constrained")
    axes = figure.subplots(len(panels), 1, squeeze=False)[:, 0]
    for axis, panel in zip(axes, panels, strict=True):
        rows = list(panel.found.values())
        rates = [row.rate for row in rows]
        spread = [
            [row.rate - row.lowest for row in rows],
            [row.highest - row.rate for row in rows],
        ]
        places = list(panel.found) if panel.logarithmic else list(range(len(rows)))
        axis.errorbar(places, rates, yerr=spread, marker="o", color=OURS, capsize=3)
        if panel.logarithmic:
            axis.set_xscale("log")
        axis.set_xticks(places, [f"{count:,}" for count in panel.found])
        axis.minorticks_off()
        for x, row in zip(places, rows, strict=True):
            axis.annotate(
                f"{row.rate:,.0f}/s",
                (x, row.highest),
                xytext=(0, 7),
                textcoords="offset points",
                ha="center",
            )
        axis.set_ylim(0, max(row.highest for row in rows) * 1.3)
        axis.set_ylabel("records per second")
        axis.set_title(panel.grows, loc="left", fontsize=11)
    axes[-1].set_xlabel(servers)
    return _saved(figure, name)


def backlog(looks: Sequence[Look], servers: str) -> Path:
    """Plots the backlog and the memory over time."""
    figure = Figure(figsize=(8, 4.6), layout="constrained")
    waiting, memory = figure.subplots(2, 1, sharex=True)
    seconds = [look.at_s for look in looks]
    waiting.plot(seconds, [look.waiting / 1000 for look in looks], color=OURS)
    waiting.set_ylim(0)
    waiting.set_ylabel("thousand waiting")
    memory.plot(seconds, [look.memory_mb for look in looks], color=OURS)
    memory.set_ylim(0)
    memory.set_ylabel("memory, MB")
    memory.set_xlabel(f"seconds ({servers})")
    return _saved(figure, "backlog")


def _saved(figure: Figure, name: str) -> Path:
    RESULTS.mkdir(parents=True, exist_ok=True)
    path = RESULTS / f"{name}.svg"
    figure.savefig(path, metadata={"Date": None})
    return path
