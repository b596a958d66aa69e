"""What the two web applications share: server, sessions, forms, live parts, layout, languages."""
