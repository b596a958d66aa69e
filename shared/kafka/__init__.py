"""Kafka: how the desk's clients connect."""
