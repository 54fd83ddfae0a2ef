"""What each of Authentik's objects may say: one validator a model, for the REST API and for blueprints alike.

Pure functions from attributes in Authentik's names, references resolved, to the columns of our tables, and back. They
look at the whole object as it would be, never at a patch alone (Authentik contract 8.29).
"""
