"""The public holidays behind the desk's calendar (F7), from the `holidays` library."""

import holidays

from shared.desk_hours.calendar import CalendarSettings, DeskCalendar


def madrid_calendar(settings: CalendarSettings | None = None) -> DeskCalendar:
    """The calendar of a desk in the city of Madrid.

    Closed on the public holidays of Spain and of the Madrid region, on the settings' days of
    every year (the city's two local holidays) and on the settings' single dates. The library works
    a year out when a day of it is first asked for. The city moves a local holiday that falls on a
    Sunday by a notice of its own: such a day goes into `closed_dates`.
    """
    return DeskCalendar(
        settings=settings or CalendarSettings(),
        public_holidays=holidays.country_holidays("ES", subdiv="MD"),
    )
