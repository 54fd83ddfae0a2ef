"""The model API in the dialects of OpenAI and Anthropic: the hot path, served before the router."""
