"""The public event contract as code: one module per owner, one class per `ce_type`.

`topics.CATALOGUE` says which event travels on which topic, under which key, from whom to whom.
"""
