"""Finds the series of a PromQL expression, and the labels it selects or groups by."""

from __future__ import annotations

import re
from dataclasses import dataclass

WORDS = {"and", "or", "unless", "by", "without", "on", "ignoring", "offset", "bool"}
OF_ALERTS = frozenset({"alertname", "alertstate", "severity"})


@dataclass(frozen=True)
class Named:
    """The series of an expression, each with the labels in its braces, and those it groups by."""

    series: dict[str, frozenset[str]]
    groups: frozenset[str]
    values: tuple[tuple[str, str, str], ...]
    """Label, operator and text of each matcher."""


def named_in(expression: str) -> Named:
    """Read an expression that promtool has accepted; `$__rate_interval` stands for a duration."""
    text = re.sub(r"\[[^\]]*\]", "", expression)
    values = tuple(re.findall(r'(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"', text))
    groups = ",".join(re.findall(r"\b(?:by|without|on|ignoring)\s*\(([^)]*)\)", text))
    text = re.sub(r"\b(?:by|without|on|ignoring)\s*\([^)]*\)", "", text)
    series: dict[str, frozenset[str]] = {}
    for name, braces in re.findall(r"([a-zA-Z_]\w*)(?!\w|\s*\()\s*(\{[^}]*\})?", _unquoted(text)):
        if name not in WORDS:
            labels = frozenset(re.findall(r"(\w+)\s*(?:=|!)", braces))
            series[name] = series.get(name, frozenset()) | labels
    return Named(series, frozenset(re.findall(r"\w+", groups)), values)


def strangers(expression: str, known: dict[str, frozenset[str]]) -> list[str]:
    """The series and labels of `expression` that no process shows."""
    named = named_in(expression)
    unknown = [name for name in named.series if name not in known]
    there = {name: known[name] for name in named.series if name in known}
    of_any = frozenset[str]().union(*there.values())
    labels = {f"{name}.{it}" for name in there for it in named.series[name] - there[name]}
    return sorted({*unknown, *labels, *(named.groups - of_any)})


def _unquoted(text: str) -> str:
    return re.sub(r'"[^"]*"', '""', text)
