"""Webhooks deliver the desk's decisions to partners' systems (Standard Webhooks).

`feed` turns events into deliveries, `sender` sends what is due, `store` keeps both, and `schedule`
says what follows from an attempt. Several processes share the work by leases in the database.
"""
