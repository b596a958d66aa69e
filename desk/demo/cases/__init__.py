"""The requests of the demo and what must come of each: one module per room of the desk."""
