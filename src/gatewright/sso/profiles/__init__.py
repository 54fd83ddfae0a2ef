"""What identity providers do differently, where data (`settings.profiles`) is not enough: one small module each.

It never contains the OpenID Connect flow itself, which is `sso.relying_party`.
"""
