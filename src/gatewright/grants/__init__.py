"""Authorization codes and tokens: issue once, redeem once, atomically, and revoke the family.

Serves the embedded provider and the gateway's own authorization server. Knows no HTTP and no policy.
"""
