"""Pages for the company's staff: cases by any id, agents' work and repairs."""
