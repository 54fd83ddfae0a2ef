"""The model API in OpenAI's dialect: the hot path, served before the router."""
