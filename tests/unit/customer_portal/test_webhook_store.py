"""The fake database of the portal's tests passes the suite of webhooks that MongoDB passes."""

from __future__ import annotations

from typing import cast

import pytest

from shared.mongo.client import Database
from tests.builders.few_documents import FewDocuments
from tests.fakes.webhooks_suite import WebhooksSuite


class TestWebhooksOnFewDocuments(WebhooksSuite):
    @pytest.fixture
    def database(self) -> Database:
        return cast(Database, FewDocuments())
