"""Pages for the company's own people: what happened to a case, whatever id of it is known."""
