"""The texts of a small XML answer, by element. A document type, and with it every entity, is refused."""

from xml.parsers.expat import ExpatError, ParserCreate

MOST_ELEMENTS = 1000
LONGEST_TEXT = 64 * 1024
"""Characters of one element."""


class NotPlainXml(ValueError):
    """What came is no XML, or more than such an answer may hold."""


class _Texts:
    def __init__(self) -> None:
        self.found: dict[str, str] = {}
        self._open: list[str] = []
        self._count = 0

    def start(self, name: str, _attributes: object) -> None:
        self._count += 1
        if self._count > MOST_ELEMENTS:
            raise NotPlainXml("too many elements")
        self._open.append(name.rpartition(" ")[2])

    def end(self, _name: str) -> None:
        self._open.pop()

    def text(self, text: str) -> None:
        name = self._open[-1]
        known = self.found.get(name, "")
        if len(known) + len(text) > LONGEST_TEXT:
            raise NotPlainXml("an element is too long")
        self.found[name] = known + text


def _refuse(*_: object) -> None:
    raise NotPlainXml("a document type is not allowed")


def texts(body: bytes) -> dict[str, str]:
    """By the element's name without its namespace; those of one name are joined. Raises NotPlainXml."""
    reading = _Texts()
    parser = ParserCreate(namespace_separator=" ")
    parser.StartDoctypeDeclHandler = _refuse
    parser.StartElementHandler = reading.start
    parser.EndElementHandler = reading.end
    parser.CharacterDataHandler = reading.text
    try:
        parser.Parse(body, True)
    except (ExpatError, LookupError, ValueError) as error:
        raise NotPlainXml(str(error)) from error
    return {name: text.strip() for name, text in reading.found.items()}
