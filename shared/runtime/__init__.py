"""The one runtime under every service: five steps on a batch. It knows no business word."""
