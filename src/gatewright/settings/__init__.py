"""What can be configured, read once into one frozen value.

Every LiteLLM name is a row in the table of settings.schema. Holds no behaviour.
"""
