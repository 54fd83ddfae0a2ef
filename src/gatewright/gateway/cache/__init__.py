"""The response cache: the same request of the same team gets the answer that the first one got. Off by default.

What is kept are the bytes that the client was sent. `cache` decides what is looked for and what is kept, `memory` and
`valkey` keep it.
"""
