"""Reads the statements of PROV-N (https://www.w3.org/TR/prov-n/), as far as packages and
the prov package write them, so that two documents can be compared by what they say."""
import collections
import datetime
import re

TOKEN = re.compile(r"""\s*(?:
    (?P<text>\"{3}(?:[^"\\]|\\.|"(?!""))*\"{3}|"(?:[^"\\]|\\.)*")
  | (?P<name>'[^']*')
  | (?P<mark>%%|[()\[\],;=@]|->)
  | (?P<word>[^\s()\[\],;="']+)
)""", re.VERBOSE | re.DOTALL)


def tokens(text):
    at = 0
    while text[at:].strip():
        found = TOKEN.match(text, at)
        if not found:
            raise ValueError(f"no PROV-N: {text[at:at + 60]!r}")
        yield found.lastgroup, found.group(found.lastgroup)
        at = found.end()


class Reader:
    def __init__(self, text):
        self.rest = collections.deque(tokens(text))
        self.statements = collections.Counter()
        self.prefixes = {}

    def take(self, wanted=None):
        kind, value = self.rest.popleft()
        if wanted and value != wanted:
            raise ValueError(f"{value!r} stands where {wanted!r} should")
        return kind, value

    def document(self):
        self.take("document")
        while True:
            _, word = self.take()
            if word == "endDocument":
                if self.rest:
                    raise ValueError("something follows the document")
                return self
            if word == "prefix":
                _, name = self.take()
                self.prefixes[name] = self.take()[1].strip("<>")
            else:
                self.statement(word)

    def statement(self, name):
        arguments, attributes = [], []
        self.take("(")
        while self.rest[0][1] != ")":
            if self.rest[0][1] == "[":
                attributes = self.attributes()
            else:
                arguments.append(term(self.take()[1]))
            if self.rest[0][1] in (",", ";"):
                self.take()
        self.take(")")
        while arguments and arguments[-1] == "-":  # they may be left out at the end
            arguments.pop()
        self.statements[name, tuple(arguments), tuple(sorted(set(attributes)))] += 1  # attributes are a set

    def attributes(self):
        found = []
        self.take("[")
        while self.rest[0][1] != "]":
            _, key = self.take()
            self.take("=")
            found.append((key, self.value()))
            if self.rest[0][1] == ",":
                self.take()
        self.take("]")
        return found

    def value(self):
        kind, value = self.take()
        if kind == "name":
            return value
        if kind == "text":
            value = re.sub(r"\\(.)", lambda m: {"n": "\n", "r": "\r", "t": "\t"}.get(m[1], m[1]), value[3:-3] if value.startswith('\"\"\"') else value[1:-1], flags=re.DOTALL)
        declared = ""
        if self.rest[0][1] == "%%":
            self.take()
            declared = self.take()[1].split(":")[-1]
        if declared in ("double", "float", "int", "integer", "long", "decimal") or kind == "word":
            return f"number {float(value)!r}"
        if declared == "boolean":
            return "boolean " + value.lower()
        return "text " + value


def term(value):
    """A time is the same in another zone."""
    try:
        return datetime.datetime.fromisoformat(value).astimezone(datetime.timezone.utc).isoformat()
    except ValueError:
        return value


def read(text):
    return Reader(text).document()
