"""The clients and settings that the pages work with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from services.customer_portal.documents import ArchiveClient
from services.customer_portal.followed import FollowedInquiries
from services.customer_portal.hand_over import HandOver
from services.customer_portal.outbox import Outbox
from services.customer_portal.previews import Previews
from services.customer_portal.queries import ProjectionQueries
from services.customer_portal.rooms.billing_documents import BillingDocuments
from services.customer_portal.rooms.queries import Rooms
from services.customer_portal.settings import Settings
from services.customer_portal.uploads import Uploads
from shared.desk_hours.calendar import DeskCalendar
from shared.mongo.changes import Changes
from shared.web.one_time_codes import OneTimeCodes
from shared.web.openid import OpenId
from shared.web.passkeys import Passkeys
from shared.web.rate_limits import RateLimits
from shared.web.sessions import Sessions
from shared.web.sign_in_mail import CodeMails


@dataclass(frozen=True, slots=True)
class Portal:
    """The parts of one portal process."""

    settings: Settings
    calendar: DeskCalendar
    outbox: Outbox
    queries: ProjectionQueries
    rooms: Rooms
    previews: Previews
    documents: ArchiveClient
    billing_documents: BillingDocuments
    uploads: Uploads
    hand_over: HandOver
    changes: Changes
    sessions: Sessions
    codes: OneTimeCodes
    passkeys: Passkeys
    openid: OpenId
    code_mails: CodeMails
    followed: FollowedInquiries
    limits: RateLimits
    now: Callable[[], datetime]
