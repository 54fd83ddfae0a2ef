"""The pages before sign-in: Jinja templates without script."""
