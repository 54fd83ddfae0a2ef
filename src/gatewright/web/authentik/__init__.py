"""`/api/v3`: Authentik's REST API (contract 3.8), by which automation and the dashboard manage the directory."""
