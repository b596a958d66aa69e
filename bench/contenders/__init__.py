"""The contenders, measured side by side. Each is a process that drains the same backlog."""
