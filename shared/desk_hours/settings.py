"""Settings of the desk's hours. Wall-clock times in Europe/Madrid."""

from __future__ import annotations

from datetime import date, time

from pydantic import Field

from shared.desk_hours.calendar import CalendarSettings, MonthDay, StaffedHours
from shared.settings import RuntimeSettings


class DeskHoursSettings(RuntimeSettings):
    """The desk's hours and its answer target (F7); lists are JSON in the environment.

    Every process that speaks of the hours is given the same.
    """

    answer_target_hours: float = Field(
        8, gt=0, le=1000, description="Staffed hours within which a customer is to be answered."
    )
    desk_opens_at: time = Field(time(9), description="When the desk opens.")
    desk_closes_at: time = Field(time(17), description="When the desk closes.")
    desk_summer_opens_at: time = Field(time(8, 30), description="When it opens in summer.")
    desk_summer_closes_at: time = Field(time(14), description="When it closes in summer.")
    desk_summer_from: MonthDay = Field("06-15", description="First summer day, MM-DD.")
    desk_summer_until: MonthDay = Field("09-15", description="Last summer day, MM-DD.")
    desk_closed_on: frozenset[date] = Field(
        frozenset(), description="Single days on which the desk is closed, YYYY-MM-DD."
    )
    desk_closed_every_year: frozenset[MonthDay] = Field(
        frozenset({"05-15", "11-09"}), description="Local holidays of every year, MM-DD."
    )

    def calendar(self) -> CalendarSettings:
        """The hours as the calendar wants them. Raises ValidationError for impossible ones."""
        return CalendarSettings(
            winter=StaffedHours(opens=self.desk_opens_at, closes=self.desk_closes_at),
            summer=StaffedHours(opens=self.desk_summer_opens_at, closes=self.desk_summer_closes_at),
            summer_from=self.desk_summer_from,
            summer_until=self.desk_summer_until,
            closed_dates=self.desk_closed_on,
            closed_every_year=self.desk_closed_every_year,
        )
