"""Arrows, circles and walks: how they are counted, and that no module leads back to itself."""

from __future__ import annotations

from tests.gates.structure import arrows, circles, rooms, walked


def test_a_circle_is_whatever_leads_back_to_where_it_began() -> None:
    drawn = {("a", "b"), ("b", "c"), ("c", "a"), ("c", "d"), ("d", "e"), ("f", "g"), ("g", "f")}

    assert circles(drawn) == [{"a", "b", "c"}, {"f", "g"}]


def test_a_room_is_a_package_with_all_that_lies_in_it() -> None:
    modules = {"p", "p.one", "p.two", "p.q", "p.q.three"}
    drawn = {("p.one", "p.two"), ("p.one", "p.q.three"), ("p.two", "p.q")}

    assert rooms(modules, drawn) == ({"p", "p.q"}, {("p", "p.q")})


def test_a_walk_returns_wherever_it_has_been_before() -> None:
    assert [*walked(["a", "b", "a", "c", "b"]).values()] == [5, 3, 2]


def test_no_module_leads_back_to_itself() -> None:
    _, drawn = arrows()

    assert circles(drawn) == []
