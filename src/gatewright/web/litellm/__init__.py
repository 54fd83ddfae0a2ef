"""LiteLLM's management routes with its request fields, answers and errors."""
