"""One message of e-mail, and which addresses one can go to."""

import re

import msgspec

LONGEST_ADDRESS = 254
# RFC 5322 3.2.3 (dot-atom) and RFC 5321 4.1.2: nothing that could end a header or begin another address.
LOCAL = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
ADDRESS = re.compile(rf"(?=[^@]{{1,64}}@){LOCAL}@{LABEL}(?:\.{LABEL})*", re.ASCII)


class Message(msgspec.Struct, frozen=True):
    """One message to one address. `id` is the left part of its Message-ID, the same at each attempt to send it."""

    id: str
    to: str
    subject: str
    text: str
    html: str

    def __repr__(self) -> str:
        return f"Message({self.subject!r})"


def deliverable(address: str | None) -> str | None:
    """The address when a message can go there: plain ASCII, no quotes, no comments; `.local` and `localhost` are fine.

    None for everything else. An address on file is opaque text and may be anything.
    """
    if address is None or len(address) > LONGEST_ADDRESS or ADDRESS.fullmatch(address) is None:
        return None
    return address
