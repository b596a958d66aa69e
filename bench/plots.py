"""The benchmark's results as pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from bench.results import RESULTS, Summary

OURS, OTHERS = "#1f6f8b", "#9aa5ad"
STAGES = ("#1f6f8b", "#e0a458", "#8a5a83", "#5b8c5a")
mpl.rcParams |= {"svg.hashsalt": "contract-desk", "font.size": 10, "axes.spines.top": False}
mpl.rcParams |= {"axes.spines.right": False, "figure.facecolor": "white"}


def throughput(panels: Mapping[str, Sequence[Summary]], servers: str) -> Path:
    """Bars of the medians with their spread, a panel for each piece of work."""
    heights = [len(rows) for rows in panels.values()]
    figure = Figure(figsize=(8, 0.62 * sum(heights) + 1.2 * len(panels)), layout="constrained")
    axes = figure.subplots(len(panels), 1, squeeze=False, height_ratios=heights)[:, 0]
    for axis, (title, rows) in zip(axes, panels.items(), strict=True):
        names = [one.contender for one in rows]
        rates = [one.rate for one in rows]
        spread = [
            [one.rate - one.lowest for one in rows],
            [one.highest - one.rate for one in rows],
        ]
        colours = [OURS if name.startswith("contract-desk") else OTHERS for name in names]
        axis.barh(names, rates, xerr=spread, color=colours, ecolor="#333333", capsize=3)
        for number, one in enumerate(rows):
            axis.text(one.highest, number, f"  {one.rate:,.0f}/s", va="center")
        axis.invert_yaxis()
        axis.margins(x=0.15)
        axis.set_title(title, loc="left", fontsize=11)
    axes[-1].set_xlabel(f"records per second, median and range ({servers})")
    return _saved(figure, "throughput")


def latency(stages: Mapping[str, Mapping[str, Sequence[float]]], servers: str) -> Path:
    """p50, p95 and p99 of each stage, a panel for each rate; times are milliseconds."""
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
    return _saved(figure, "latency")


def growth(stored: Sequence[int], rates: Sequence[float], servers: str) -> Path:
    """Throughput against the number of contracts stored."""
    figure = Figure(figsize=(8, 3), layout="constrained")
    axis = figure.subplots()
    axis.semilogx(stored, rates, marker="o", color=OURS)
    for x, y in zip(stored, rates, strict=True):
        axis.annotate(f"{y:,.0f}/s", (x, y), xytext=(0, 8), textcoords="offset points", ha="center")
    axis.set_ylim(0, max(rates) * 1.25)
    axis.set_xlabel(f"contracts stored ({servers})")
    axis.set_ylabel("requests decided per second")
    return _saved(figure, "growth")


def _saved(figure: Figure, name: str) -> Path:
    RESULTS.mkdir(parents=True, exist_ok=True)
    path = RESULTS / f"{name}.svg"
    figure.savefig(path, metadata={"Date": None})
    return path
