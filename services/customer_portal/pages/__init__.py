"""The pages, one module for each thing that a customer does."""
