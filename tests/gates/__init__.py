"""The Makefile's gates: coverage, structure, the matrix of Python versions, the audit."""
