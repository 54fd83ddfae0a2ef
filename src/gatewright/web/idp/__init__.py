"""The embedded provider's endpoints at Authentik's URLs, and its pages."""
