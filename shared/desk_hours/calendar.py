"""The staffed calendar of the desk (F7): when somebody is there, and when an answer is due."""

from collections.abc import Container
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Annotated, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

MonthDay = Annotated[str, StringConstraints(pattern=r"^(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$")]
"""A day of every year as `MM-DD`; compares in calendar order."""

IsoWeekday = Annotated[int, Field(ge=1, le=7)]
"""1 is Monday, 7 is Sunday."""

_LONGEST_CLOSURE = timedelta(days=366)


class StaffedHours(BaseModel):
    """Wall-clock hours of one day, in the calendar's time zone; `closes` itself is not staffed."""

    model_config = ConfigDict(frozen=True)

    opens: time
    closes: time

    @model_validator(mode="after")
    def _opens_before_it_closes(self) -> Self:
        if self.opens >= self.closes:
            raise ValueError("opens must be earlier than closes")
        return self


class CalendarSettings(BaseModel):
    """The calendar's settings; the defaults are F7's."""

    model_config = ConfigDict(frozen=True)

    time_zone: ZoneInfo = Field(default_factory=lambda: ZoneInfo("Europe/Madrid"))
    winter: StaffedHours = StaffedHours(opens=time(9), closes=time(17))
    summer: StaffedHours = StaffedHours(opens=time(8, 30), closes=time(14))
    summer_from: MonthDay = "06-15"
    summer_until: MonthDay = "09-15"
    """The last summer day, inclusive."""
    weekdays: frozenset[IsoWeekday] = Field(default=frozenset({1, 2, 3, 4, 5}), min_length=1)
    closed_dates: frozenset[date] = frozenset()
    """Single days on which the desk is closed, on top of the public holidays."""
    closed_every_year: frozenset[MonthDay] = frozenset({"05-15", "11-09"})
    """The two local holidays of the city of Madrid: San Isidro and La Almudena."""

    @model_validator(mode="after")
    def _summer_lies_within_a_year(self) -> Self:
        if self.summer_from > self.summer_until:
            raise ValueError("summer_from must not be later than summer_until")
        return self


@dataclass(frozen=True, eq=False)
class DeskCalendar:
    """Answers about staffed time (F7).

    Takes timezone-aware datetimes of any zone and gives them in the calendar's own zone.
    A naive datetime raises `ValueError`: guessing its zone would shift an answer by hours.
    """

    settings: CalendarSettings
    public_holidays: Container[date] = frozenset()

    def hours_on(self, day: date) -> tuple[datetime, datetime] | None:
        """Opening and closing instant of that day, or None when the desk is closed all day."""
        if self._is_closed_on(day):
            return None
        hours = self.settings.summer if self._is_summer(day) else self.settings.winter
        zone = self.settings.time_zone
        return (
            datetime.combine(day, hours.opens, tzinfo=zone),
            datetime.combine(day, hours.closes, tzinfo=zone),
        )

    def is_staffed(self, instant: datetime) -> bool:
        """True from the opening instant on until just before the closing instant."""
        local = self._local(instant)
        hours = self.hours_on(local.date())
        return hours is not None and _utc(hours[0]) <= _utc(local) < _utc(hours[1])

    def add_staffed_hours(self, start: datetime, hours: Decimal | float) -> datetime:
        """The instant at which `hours` of staffed time have passed since `start`.

        Time outside staffed hours does not count. A target that falls exactly on closing time
        stays there: "today by 17:00" is what a person would say, not "tomorrow at 09:00".

        Raises ValueError for negative or non-finite hours, and for a calendar that is closed for
        more than a year in a row.
        """
        remaining = _duration(hours)
        day = self._local(start).date()
        last_opened = day
        while day - last_opened <= _LONGEST_CLOSURE:
            staffed = self._staffed_from(start, day)
            if staffed is not None:
                last_opened = day
                begins, ends = staffed
                if remaining <= ends - begins:
                    return (begins + remaining).astimezone(self.settings.time_zone)
                remaining -= ends - begins
            day += timedelta(days=1)
        raise ValueError(f"the desk is closed for more than a year after {last_opened}")

    def staffed_between(self, start: datetime, end: datetime) -> timedelta:
        """The staffed time from `start` to `end`; none where `end` is not later.

        What lies more than a year behind `end` does not count.
        """
        begins = max(_utc(start), _utc(end) - _LONGEST_CLOSURE)
        day, last = self._local(begins).date(), self._local(end).date()
        whole = timedelta()
        while day <= last:
            staffed = self._staffed_from(begins, day)
            if staffed is not None:
                whole += max(timedelta(), min(staffed[1], _utc(end)) - staffed[0])
            day += timedelta(days=1)
        return whole

    def _staffed_from(self, start: datetime, day: date) -> tuple[datetime, datetime] | None:
        """The rest of that day's staffed time from `start`, in UTC.

        In UTC because Python subtracts datetimes of one zone by their wall clocks, which is an
        hour off across a clock change.
        """
        hours = self.hours_on(day)
        if hours is None:
            return None
        begins, ends = max(_utc(start), _utc(hours[0])), _utc(hours[1])
        return (begins, ends) if begins < ends else None

    def _is_closed_on(self, day: date) -> bool:
        return (
            day.isoweekday() not in self.settings.weekdays
            or day in self.settings.closed_dates
            or _month_day(day) in self.settings.closed_every_year
            or day in self.public_holidays
        )

    def _is_summer(self, day: date) -> bool:
        return self.settings.summer_from <= _month_day(day) <= self.settings.summer_until

    def _local(self, instant: datetime) -> datetime:
        if instant.utcoffset() is None:
            raise ValueError("an instant needs a time zone")
        return instant.astimezone(self.settings.time_zone)


def _month_day(day: date) -> MonthDay:
    return f"{day.month:02d}-{day.day:02d}"


def _utc(instant: datetime) -> datetime:
    return instant.astimezone(UTC)


def _duration(hours: Decimal | float) -> timedelta:
    exact = Decimal(str(hours))
    if not exact.is_finite() or exact < 0:
        raise ValueError("staffed hours must be a finite number, zero or more")
    return timedelta(microseconds=round(exact * 3_600_000_000))
