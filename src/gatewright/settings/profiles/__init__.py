"""Identity providers as data: one TOML file each with its name, issuer, scope, claims, steps and fixes.

It never contains code for one provider: that is `sso.profiles`.
"""
