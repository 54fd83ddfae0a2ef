"""How each provider is reached: an adapter a module, data and pure functions."""
