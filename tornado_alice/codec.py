"""JSON read and written quickly, where that gives what the standard library gives, byte for byte. Pure.

Rules:
1. The standard library decides what JSON is and how it is written: journals hold such bytes, and their digests. This is
   a shorter way to the same, several times as quick; whatever does not fit it is None here, and goes the long way.
2. msgspec reads as `json` does, but for lone surrogates, which it refuses.
3. It writes some numbers in another way ("1e16", and null for NaN), and also what `json` refuses (a set, a moment).
   Only objects of texts, whole numbers, true, false, null and of such objects are written here.
4. A request is read here if it is of the declared shape; of another one, the long way tells what is wrong with it.
"""

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec

#: What is written alike by both; a subclass may bring its own ways.
PLAIN = frozenset({str, int, bool, type(None)})


class Codec:
    """Reads and writes what is usual.

    Args:
        kinds: types of the fields of a request, by the part they are in; "" is the whole.
        bounds: what else must hold of them: ``{"request.command": {"max_length": 4096}}``.
        required: fields that must be there; the others may be missing or null, and there may be more.
    """

    def __init__(
        self, kinds: Mapping[str, Mapping[str, type]], bounds: Mapping[str, Mapping[str, Any]], required: frozenset[str]
    ) -> None:
        self._kinds, self._bounds, self._required = kinds, bounds, required
        self._shape = self._struct("")
        self._decode = msgspec.json.Decoder().decode
        self._encode = msgspec.json.Encoder().encode

    def _struct(self, part: str) -> type:
        fields: list[Any] = []
        for name, kind in self._kinds[part].items():
            path = f"{part}.{name}".lstrip(".")
            inner: Any = self._struct(name) if not part and name in self._kinds else kind
            if path in self._bounds:
                inner = Annotated[inner, msgspec.Meta(**self._bounds[path])]
            fields.append((name, inner) if path in self._required else (name, inner | None, None))
        return msgspec.defstruct(part or "request", fields)

    def read(self, body: bytes) -> Any:
        """The value of JSON in UTF-8."""
        try:
            return self._decode(body)
        except (msgspec.DecodeError, ValueError, RecursionError):  # ValueError: it is no UTF-8
            return None

    def read_request(self, body: bytes) -> dict[str, Any] | None:
        """The same, if it is of the shape of a request."""
        data = self.read(body)
        try:
            msgspec.convert(data, self._shape)
        except msgspec.ValidationError:
            return None
        return data  # type: ignore[no-any-return]  # the shape is that of a dict

    def write(self, value: Mapping[str, Any]) -> bytes | None:
        """A plain object as JSON in UTF-8.

        >>> codec = Codec({"": {}}, {}, frozenset())
        >>> codec.write({"text": "Да\\n", "n": 2}), codec.write({"at": 1.5})
        (b'{"text":"\\xd0\\x94\\xd0\\xb0\\\\n","n":2}', None)
        """
        try:
            return self._encode(value) if _is_plain(value) else None
        except (ValueError, RecursionError):  # a lone surrogate; an object in itself
            return None


def _is_plain(value: Mapping[str, Any]) -> bool:
    for key, inner in value.items():
        kind = type(inner)
        if type(key) is not str or (kind not in PLAIN and not (kind is dict and _is_plain(inner))):
            return False
    return True
