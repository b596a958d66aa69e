"""The staff's pages, one module per task."""
