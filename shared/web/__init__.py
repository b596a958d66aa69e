"""Parts of the web applications: server, sessions, forms, live parts, layout, languages."""
