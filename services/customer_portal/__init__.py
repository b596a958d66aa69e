"""The customer portal: a front-end channel with pages."""
