"""One module an outside identity provider with quirks, each as data."""
