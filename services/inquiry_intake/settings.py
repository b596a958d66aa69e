"""Intake's settings."""

from __future__ import annotations

from shared.desk_hours.settings import DeskHoursSettings
from shared.settings import DEVELOPMENT_KEY, ActivationCodeKey


class Settings(DeskHoursSettings):
    """Its promises rest on the desk's hours."""

    activation_code_key: ActivationCodeKey = DEVELOPMENT_KEY
