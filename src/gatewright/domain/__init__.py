"""Types and pure rules that several rooms share: roles, keys, prices, addresses, errors.

Holds no input or output, clock, setting or framework. It imports nothing but the standard library and msgspec.
"""
