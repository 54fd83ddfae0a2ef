"""Be a SAML 2.0 service provider. Loaded only where it is configured: its libraries are an extra.

It never decides who somebody is here; that is `sso.provisioning`, as for every other source.
"""
