"""The management API under /api/v1, which the dashboard and our command line use."""
