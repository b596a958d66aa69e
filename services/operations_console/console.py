"""The dependencies of the pages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from services.operations_console.acts import Acts
from services.operations_console.agent_acts import AgentActs
from services.operations_console.audit import AuditReader
from services.operations_console.boards import Boards
from services.operations_console.cases import Cases
from services.operations_console.dead_letters import DeadLetters
from services.operations_console.mails import Mails
from services.operations_console.overview import Overview
from services.operations_console.owners import Owners
from services.operations_console.records import Records
from services.operations_console.repairs import Repairs
from services.operations_console.settings import Settings
from shared.desk_hours.calendar import DeskCalendar
from shared.mongo.changes import Changes
from shared.web.one_time_codes import OneTimeCodes
from shared.web.openid import OpenId
from shared.web.passkeys import Passkeys
from shared.web.rate_limits import RateLimits
from shared.web.sessions import Sessions
from shared.web.sign_in_mail import CodeMails
from shared.web.staff import StaffAccounts


@dataclass(frozen=True, slots=True)
class Console:
    """The parts of one console process."""

    settings: Settings
    cases: Cases
    overview: Overview
    acts: Acts
    audit: AuditReader
    records: Records
    dead_letters: DeadLetters
    repairs: Repairs
    changes: Changes
    boards: Boards
    agent_acts: AgentActs
    owners: Owners
    mails: Mails
    calendar: DeskCalendar
    staff: StaffAccounts
    sessions: Sessions
    codes: OneTimeCodes
    passkeys: Passkeys
    openid: OpenId
    code_mails: CodeMails
    limits: RateLimits
    now: Callable[[], datetime]
