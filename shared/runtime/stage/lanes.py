"""Lanes: parts of a batch that share no aggregate, so that one decides while another waits."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import TypeVar

T = TypeVar("T")


def lanes_of(
    items: Sequence[T], touches: Callable[[T], Iterable[Hashable]], *, length: int
) -> list[list[T]]:
    """`items` in their order, in lanes of about `length`; what touches the same shares a lane."""
    leader = list(range(len(items)))

    def lead(number: int) -> int:
        while leader[number] != number:
            leader[number] = number = leader[leader[number]]
        return number

    first: dict[Hashable, int] = {}
    for number, item in enumerate(items):
        for touched in touches(item):
            one, other = lead(first.setdefault(touched, number)), lead(number)
            leader[max(one, other)] = min(one, other)

    members: dict[int, list[int]] = {}
    for number in range(len(items)):
        members.setdefault(lead(number), []).append(number)
    lanes: list[list[int]] = []
    for together in members.values():
        if not lanes or len(lanes[-1]) >= length:
            lanes.append([])
        lanes[-1] += together
    return [[items[number] for number in sorted(lane)] for lane in lanes]
