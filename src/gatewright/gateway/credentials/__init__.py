"""The clouds' credentials: tokens that expire and signatures over a request, made out of `litellm_params`.

`registry.Credentials` says which provider has which. A person's deployment never borrows this machine's identity.
Contains no provider's wire format of models.
"""
