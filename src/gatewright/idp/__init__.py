"""Be an OpenID provider: authorization, token, userinfo, discovery, logout, scope mappings, applications.

Knows nothing of routing or spend.
"""
