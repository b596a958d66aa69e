"""What the Makefile's gates decide: the matrix of Python versions, the audit."""
