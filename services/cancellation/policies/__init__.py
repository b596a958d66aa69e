"""The cancellation policies: one module per policy, the terms they run on (`terms`),
what they may look at and answer (`outcome`) and which one applies to a type (`catalogue`)."""
