"""Every service's internal port: answers about its own records, behind a credential.

`port` serves it, `questions` and `answers` are what goes over the wire. Nothing is ever decided
here: a dry run discards what it writes, everything else only reads.
"""
