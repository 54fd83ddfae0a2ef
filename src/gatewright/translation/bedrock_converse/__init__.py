"""Amazon Bedrock's Converse API, as a provider speaks it.

Source: Amazon Bedrock API reference, "Converse" and "ConverseStream"; the service model that botocore publishes.
"""
