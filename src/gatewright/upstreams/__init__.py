"""Speak each model provider's wire format through the one model-call HTTP client.

Knows no keys, budgets or fallback.
"""
