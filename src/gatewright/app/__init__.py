"""The composition root: put the parts together, start and stop them.

build.py names every room together; serve.py is what `gatewright serve` runs. Holds no logic of its own.
"""
