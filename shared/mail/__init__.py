"""Mail servers: notification sends by them what was decided, the portal one-time codes."""
