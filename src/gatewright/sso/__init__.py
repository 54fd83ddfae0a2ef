"""Be a relying party: sign a person in from any OpenID provider, our own included.

One code path for browser and command line.

Knows nothing of the embedded provider's inside.
"""
