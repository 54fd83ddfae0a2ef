"""Gatewright: a self-hosted LLM gateway with single sign-on built in. One sign-on, one API, every model."""

__version__ = "0.1.0"
