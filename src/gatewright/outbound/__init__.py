"""The one general HTTP client, for everything that is not a model call, under the one address policy; and e-mail.

Used for OpenID Connect, key sets and webhooks. Knows no provider's format.
"""
