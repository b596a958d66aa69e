"""The fake database of the pages' tests passes the suite that MongoDB passes."""

from __future__ import annotations

from typing import cast

import pytest

from shared.mongo.client import Database
from tests.builders.few_documents import FewDocuments
from tests.fakes.documents_suite import DocumentsSuite


class TestFewDocuments(DocumentsSuite):
    @pytest.fixture
    def database(self) -> Database:
        return cast(Database, FewDocuments())
