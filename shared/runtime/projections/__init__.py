"""Documents folded out of the topics, for pages that only read.

`projection` says what a document is, `fold` applies records to it, `record_index` keeps an entry
for each record instead, `generations` builds all of them again beside those in use, `projector`
reads the topics and keeps the documents.
"""
