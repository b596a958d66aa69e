"""The public event contract written out: a page for people, JSON Schemas, an AsyncAPI document.

Everything is made of the catalogue, the event models and the golden examples, so that the
documents cannot say anything else than the code. `python -m desk.contract_docs` writes them;
with `--check` it names those that are stale.
"""
