"""The cancellation policies: one module per policy of DOMAIN.md, the terms they run on (`terms`),
what they may look at and answer (`outcome`) and which one applies to a type (`catalogue`)."""
