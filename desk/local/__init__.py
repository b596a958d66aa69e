"""Broker, database and mailbox without Docker: what `desk up`, `desk demo` and the tests start."""
