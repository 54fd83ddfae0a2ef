"""What the provider writes to people by e-mail: the words, the box that messages wait in, and the job that empties it.

A request only ever puts a message into the box; nobody waits for a mail server. Messages hold links that open accounts:
they are sealed while they wait and forgotten when they are sent.
"""
