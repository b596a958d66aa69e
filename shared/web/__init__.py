"""What the web applications share: server, sessions, forms, live parts, layout, languages."""
