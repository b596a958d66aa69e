"""Defines a projection: the documents that an event touches, and how each one changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from shared.events.envelope import Message
from shared.mongo.client import Document

Keys = Callable[[Message], Iterable[str]]
Fold = Callable[[Document, Message], Document]


@dataclass(frozen=True, slots=True)
class Projection:
    """Documents of one kind, by id.

    `keys` names the documents that a message touches. `fold` says what a document is after a
    message; it is pure, and right whatever the order in which messages of different topics come:
    within one topic, messages about one document come in order. A message about a key that a
    compacted topic has forgotten is a `KeyForgotten`.
    """

    name: str
    topics: tuple[str, ...]
    keys: Keys
    fold: Fold
    indexes: tuple[tuple[str, ...], ...] = ()


def views_of(application: str) -> str:
    """The database of an application's projections; what cannot be built again has another."""
    return f"{application}_views"


class OfTopics(Protocol):
    """Anything built from the records of some topics."""

    @property
    def topics(self) -> tuple[str, ...]: ...


def topics_of(projections: Iterable[OfTopics]) -> tuple[str, ...]:
    """The topics that these read, each once."""
    return tuple(dict.fromkeys(topic for it in projections for topic in it.topics))
