"""Journeys and pages of the customer portal in Debian's chromium: `make test-browser`."""
