"""Between the wire formats of model APIs: pure functions over one request model and one event model.

A dialect is a package here. Its client half reads requests and writes answers, its provider half writes requests and
reads answers; every pairing meets in `model` and `events`. Never contains I/O, settings, keys, prices or a provider's
address. Same dialect on both sides does not come here: those bytes pass through.
"""
