"""One module a wire format: pure functions between a client's request and the provider's."""
