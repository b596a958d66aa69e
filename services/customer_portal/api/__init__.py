"""`/api/v1`: the portal for partners' systems: submissions, records and webhooks."""
