"""The staffed calendar of F7: when the desk is open and when an answer is due."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from shared.desk_hours.calendar import CalendarSettings, DeskCalendar, StaffedHours
from shared.desk_hours.holiday_dates import madrid_calendar

MADRID = ZoneInfo("Europe/Madrid")
CALENDAR = madrid_calendar()
EVERY_DAY_AROUND_THE_CLOCK_CHANGE = DeskCalendar(
    CalendarSettings(
        winter=StaffedHours(opens=time(1), closes=time(4)),
        weekdays=frozenset({1, 2, 3, 4, 5, 6, 7}),
    )
)


def madrid(text: str) -> datetime:
    """A wall-clock time in Madrid, `2026-06-15 08:30`."""
    return datetime.fromisoformat(text).replace(tzinfo=MADRID)


def staffed_between(start: datetime, target: datetime) -> timedelta:
    """Staffed time between two instants, added up from the days' hours."""
    days = (target.astimezone(MADRID).date() - start.astimezone(MADRID).date()).days + 1
    first = start.astimezone(MADRID).date()
    hours = [CALENDAR.hours_on(first + timedelta(days=n)) for n in range(days)]
    return sum(
        (
            max(
                min(target, closes).astimezone(UTC) - max(start, opens).astimezone(UTC),
                timedelta(0),
            )
            for opens, closes in filter(None, hours)
        ),
        timedelta(0),
    )


@pytest.mark.parametrize(
    ("day", "opens", "closes"),
    [
        ("2026-06-12", "09:00", "17:00"),  # Friday, the last winter day before summer
        ("2026-06-15", "08:30", "14:00"),  # Monday, the first summer day
        ("2026-09-15", "08:30", "14:00"),  # Tuesday, the last summer day
        ("2026-09-16", "09:00", "17:00"),  # Wednesday, winter hours again
        ("2026-03-30", "09:00", "17:00"),  # Monday after the clocks went forward
        ("2027-03-30", "09:00", "17:00"),
        ("2026-10-26", "09:00", "17:00"),  # Monday after the clocks went back
        ("2027-12-24", "09:00", "17:00"),
    ],
)
def test_hours_of_a_staffed_day(day: str, opens: str, closes: str) -> None:
    assert CALENDAR.hours_on(date.fromisoformat(day)) == (
        madrid(f"{day} {opens}"),
        madrid(f"{day} {closes}"),
    )


@pytest.mark.parametrize(
    ("day", "why"),
    [
        ("2026-07-04", "Saturday"),
        ("2026-07-05", "Sunday"),
        ("2026-03-29", "Sunday, clocks go forward"),
        ("2026-10-25", "Sunday, clocks go back"),
        ("2027-03-28", "Sunday, clocks go forward"),
        ("2027-10-31", "Sunday, clocks go back"),
        ("2026-01-01", "New Year"),
        ("2026-01-06", "Epiphany"),
        ("2026-04-02", "Maundy Thursday, Madrid region"),
        ("2026-04-03", "Good Friday"),
        ("2026-05-01", "Labour Day"),
        ("2027-05-03", "Madrid Day, moved from a Sunday"),
        ("2026-05-15", "San Isidro, city of Madrid"),
        ("2026-10-12", "National Day"),
        ("2026-11-09", "La Almudena, city of Madrid"),
        ("2026-12-25", "Christmas Day"),
    ],
)
def test_the_desk_is_closed(day: str, why: str) -> None:
    assert CALENDAR.hours_on(date.fromisoformat(day)) is None, why


@pytest.mark.parametrize(
    ("instant", "staffed"),
    [
        ("2026-02-10 08:59:59", False),
        ("2026-02-10 09:00", True),
        ("2026-02-10 16:59:59", True),
        ("2026-02-10 17:00", False),  # closing time itself is not staffed
        ("2026-06-15 08:30", True),
        ("2026-06-15 14:00", False),
        ("2026-06-12 15:00", True),  # still winter hours
        ("2026-02-14 10:00", False),  # Saturday
        ("2026-10-12 10:00", False),  # National Day
    ],
)
def test_staffed_from_opening_until_just_before_closing(instant: str, staffed: bool) -> None:
    assert CALENDAR.is_staffed(madrid(instant)) is staffed


@pytest.mark.parametrize(
    ("start", "due", "why"),
    [
        ("2026-02-10 09:00", "2026-02-10 17:00", "at opening: due at closing of the same day"),
        ("2026-02-10 17:00", "2026-02-11 17:00", "at closing: nothing of that day counts"),
        ("2026-02-10 11:30", "2026-02-11 11:30", "during the day: same time next day"),
        ("2026-02-10 03:00", "2026-02-10 17:00", "before opening counts from opening"),
        ("2026-02-10 22:15", "2026-02-11 17:00", "in the evening counts from the next day"),
        ("2026-02-13 15:00", "2026-02-16 15:00", "Friday afternoon runs over the weekend"),
        ("2026-02-14 12:00", "2026-02-16 17:00", "Saturday counts from Monday"),
        ("2026-06-12 16:00", "2026-06-16 10:00", "into summer: 1 h + 5.5 h + 1.5 h"),
        ("2026-06-15 08:30", "2026-06-16 11:00", "two summer days: 5.5 h + 2.5 h"),
        ("2026-09-15 13:00", "2026-09-16 16:00", "out of summer: 1 h + 7 h"),
        ("2026-04-01 16:00", "2026-04-06 16:00", "over Maundy Thursday and Good Friday"),
        ("2026-10-09 12:00", "2026-10-13 12:00", "over a long weekend with National Day"),
        ("2026-12-31 13:00", "2027-01-04 13:00", "over New Year and a weekend"),
        ("2026-05-14 13:00", "2026-05-18 13:00", "over San Isidro and a weekend"),
        ("2026-03-27 16:00", "2026-03-30 16:00", "over the night the clocks go forward"),
        ("2026-03-29 02:30", "2026-03-30 17:00", "in the hour that the clocks skip"),
        ("2026-10-23 16:00", "2026-10-26 16:00", "over the night the clocks go back"),
        ("2026-10-25 02:30", "2026-10-26 17:00", "in the hour that the clocks repeat"),
        ("2027-03-26 10:00", "2027-03-29 17:00", "Good Friday, then the clocks go forward"),
        ("2027-10-29 16:00", "2027-11-02 16:00", "the clocks go back, then All Saints"),
    ],
)
def test_an_answer_is_due_after_eight_staffed_hours(start: str, due: str, why: str) -> None:
    assert CALENDAR.add_staffed_hours(madrid(start), 8) == madrid(due), why


@pytest.mark.parametrize(
    ("hours", "due"),
    [
        (0, "2026-02-10 10:00"),
        (Decimal("0.5"), "2026-02-10 10:30"),
        (0.1, "2026-02-10 10:06"),
        (7, "2026-02-10 17:00"),
        (Decimal("7.25"), "2026-02-11 09:15"),
        (40, "2026-02-17 10:00"),
        (400, "2026-04-23 10:00"),  # 50 staffed days, Easter in between
    ],
)
def test_other_targets_than_eight_hours(hours: Decimal | float, due: str) -> None:
    assert CALENDAR.add_staffed_hours(madrid("2026-02-10 10:00"), hours) == madrid(due)


def test_a_year_of_staffed_time_ends_where_the_hours_of_its_days_add_up() -> None:
    start = madrid("2026-02-10 10:00")

    target = CALENDAR.add_staffed_hours(start, 2000)

    assert staffed_between(start, target) == timedelta(hours=2000)


def test_no_hours_outside_staffed_time_end_at_the_next_opening() -> None:
    assert CALENDAR.add_staffed_hours(madrid("2026-02-14 12:00"), 0) == madrid("2026-02-16 09:00")


def test_a_start_in_another_zone_is_answered_in_madrid_time() -> None:
    due = CALENDAR.add_staffed_hours(datetime(2026, 7, 1, 6, 30, tzinfo=UTC), 1)

    assert due.isoformat() == "2026-07-01T09:30:00+02:00"


def test_staffed_hours_that_span_a_clock_change_count_elapsed_time() -> None:
    # 01:00 to 04:00 is two hours long on the night the clocks go forward.
    due = EVERY_DAY_AROUND_THE_CLOCK_CHANGE.add_staffed_hours(madrid("2026-03-29 01:00"), 3)

    assert due == madrid("2026-03-30 02:00")


def test_extra_closed_dates_and_other_hours_are_settings() -> None:
    calendar = madrid_calendar(
        CalendarSettings.model_validate(
            {
                "winter": {"opens": "10:00", "closes": "12:00"},
                "closed_dates": ["2026-12-24"],
                "closed_every_year": ["12-31"],
                "weekdays": [1, 2, 3, 4],
            }
        )
    )

    # 1 h on Wednesday the 23rd, 2 h each on the 28th, 29th and 30th, 1 h on 4 January.
    assert calendar.add_staffed_hours(madrid("2026-12-23 11:00"), 8) == madrid("2027-01-04 11:00")


@pytest.mark.parametrize(
    "settings",
    [
        {"winter": {"opens": "17:00", "closes": "09:00"}},
        {"summer": {"opens": "09:00", "closes": "09:00"}},
        {"summer_from": "09-16"},
        {"summer_from": "6-15"},
        {"weekdays": []},
        {"weekdays": [0]},
        {"closed_every_year": ["13-01"]},
        {"time_zone": "Europe/Nowhere"},
    ],
)
def test_settings_that_make_no_calendar_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        CalendarSettings.model_validate(settings)


def test_a_naive_instant_is_refused() -> None:
    naive = madrid("2026-02-10 10:00").replace(tzinfo=None)

    with pytest.raises(ValueError, match="time zone"):
        CALENDAR.is_staffed(naive)
    with pytest.raises(ValueError, match="time zone"):
        CALENDAR.add_staffed_hours(naive, 8)


@pytest.mark.parametrize("hours", [-1, Decimal("-0.01"), float("nan"), float("inf")])
def test_hours_that_are_no_duration_are_refused(hours: Decimal | float) -> None:
    with pytest.raises(ValueError, match="finite number"):
        CALENDAR.add_staffed_hours(madrid("2026-02-10 10:00"), hours)


class _EveryDay:
    def __contains__(self, day: object) -> bool:
        return True


def test_a_calendar_that_never_opens_says_so() -> None:
    with pytest.raises(ValueError, match="closed for more than a year"):
        DeskCalendar(CalendarSettings(), _EveryDay()).add_staffed_hours(
            madrid("2026-02-10 10:00"), 8
        )


instants = st.datetimes(
    min_value=datetime(2025, 12, 1),  # noqa: DTZ001 - Hypothesis takes naive bounds
    max_value=datetime(2028, 1, 31),  # noqa: DTZ001
    timezones=st.just(UTC),
)


@given(start=instants)
def test_the_target_lies_within_staffed_time_or_at_its_close(start: datetime) -> None:
    target = CALENDAR.add_staffed_hours(start, 8)
    hours = CALENDAR.hours_on(target.date())

    assert hours is not None
    assert hours[0] <= target <= hours[1]


@given(start=instants)
def test_eight_staffed_hours_lie_between_start_and_target(start: datetime) -> None:
    target = CALENDAR.add_staffed_hours(start, 8)

    assert staffed_between(start, target) == timedelta(hours=8)


@given(start=instants, later=st.timedeltas(timedelta(0), timedelta(days=10)))
def test_who_asks_later_is_not_due_earlier(start: datetime, later: timedelta) -> None:
    assert CALENDAR.add_staffed_hours(start, 8) <= CALENDAR.add_staffed_hours(start + later, 8)


@given(
    st.integers(0, 365 * 24 * 60).map(
        lambda minutes: madrid("2026-01-01 00:00").astimezone(UTC) + timedelta(minutes=minutes)
    ),
    st.timedeltas(timedelta(days=-3), timedelta(days=40)),
)
def test_the_staffed_time_left_is_that_of_the_days_between(
    start: datetime, later: timedelta
) -> None:
    end = start + later

    expected = staffed_between(start, end) if later > timedelta() else timedelta()

    assert CALENDAR.staffed_between(start, end) == expected


def test_as_much_staffed_time_is_left_as_was_promised() -> None:
    asked = madrid("2026-06-12 16:40")

    assert CALENDAR.staffed_between(asked, CALENDAR.add_staffed_hours(asked, 8)) == timedelta(
        hours=8
    )
