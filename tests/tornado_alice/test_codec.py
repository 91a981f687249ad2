"""The quick way of JSON against the standard library's: journals hold bytes and digests made by either."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tornado_alice import RequestError, protocol
from tornado_alice.testing import make_request

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=()))
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
#: What parsers of JSON disagree about.
ODD = [
    *(b"-0", b"-0.0", b"1e16", b"1E5", b"1e-7", b"1e400", b"NaN", b"-Infinity", b"01", b"1.", b".5", b"+1", b"0x1"),
    *(b"9223372036854775808", b"-9223372036854775809", b"18446744073709551616", b"1" * 400, b"9007199254740993.0"),
    *(rb'"\ud800"', rb'"\udc00\ud800"', rb'"\ud83d\ude00"', rb'"\u0000"', b'"\x00"', b'"\n"', b'"\x7f"', rb'"\/\x"'),
    *(b'"\xff"', b'"\xed\xa0\x80"', b"[1,]", b"[" * 99 + b"]" * 99, b'{"a": 1, "a": 2}', b"{'a': 1}", b"//\n1", b""),
]


def outcome(parse: Any, body: bytes) -> Any:
    """What a parser gives, so that 1, 1.0 and True differ; or what it says is wrong."""
    try:
        return repr(parse(body))
    except RequestError as error:
        return error.field, str(error)


def written(value: dict[str, Any]) -> bytes:
    """As it was written before there was a quick way."""
    text = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode(value)
    return text.encode("utf-8", "backslashreplace")


@pytest.mark.parametrize("literal", ODD, ids=repr)
@pytest.mark.parametrize("space", [b"", b" \r\n\t", b"\xef\xbb\xbf", b"\x0c"], ids=repr)
def test_odd_json_is_read_as_before(literal: bytes, space: bytes) -> None:
    """Big numbers, exponents, surrogates, doubled keys, control characters: the same value, or the same error."""
    body = space + b'{"session": {"session_id": "s", "x": ' + literal + b"}}"
    assert outcome(protocol.parse, body) == outcome(protocol._parse_any, body)


@given(JSON)
def test_any_json_is_read_as_before(value: Any) -> None:
    """Whatever a request carries beside what is checked, it is read as the standard library reads it."""
    body = json.dumps({"session": {"session_id": "s"}, "request": {"payload": value}}).encode()
    assert outcome(protocol.parse, body) == outcome(protocol._parse_any, body)
    assert repr(protocol.parse_again(body)) == repr(json.loads(body))


FIELDS = [f"{part}.{name}".lstrip(".") for part, fields in protocol._SHAPES.items() for name in fields]


@pytest.mark.parametrize("field", FIELDS)
@given(SCALARS | st.sampled_from([[], {}, [{}], {"a": [1]}, "x" * 65, "x" * 300, "x" * 5000, "a\u200bb", -1, 1 << 63]))
def test_each_field_is_checked_as_before(field: str, value: Any) -> None:
    """Of each declared field, right and wrong values are told apart as before, and the error has the same words."""
    *parts, name = field.split(".")
    request = make_request("да")
    holder = request[parts[0]] if parts else request
    holder[name] = value
    body = json.dumps(request).encode()
    assert outcome(protocol.parse, body) == outcome(protocol._parse_any, body)


@given(st.dictionaries(st.text(st.characters(exclude_categories=()), max_size=8), JSON, max_size=6))
@example({"text": "Да\n\x1f\x7f\u2028\ud800", "n": 1 << 70, "end_session": False})
@example({"at": 1e16, "small": 1e-7, "none": float("nan")})
def test_objects_are_written_as_before(value: dict[str, Any]) -> None:
    """An object is written as the standard library writes it, so that digests in journals stay true."""
    assert protocol.dumps(value) == written(value)


@pytest.mark.parametrize("value", [{1: 2}, {None: 1}, {True: 1}, {"a": (1, 2)}, {"a": type("S", (str,), {})("x")}])
def test_what_only_python_knows_is_written_as_before(value: dict[str, Any]) -> None:
    """Keys that are no texts, tuples and subclasses are written as the standard library writes them."""
    assert protocol.dumps(value) == written(value)


@pytest.mark.parametrize("value", [{1, 2}, b"bytes", 1j, object()], ids=["set", "bytes", "complex", "object"])
def test_what_is_no_json_is_refused_as_before(value: Any) -> None:
    """What the standard library cannot write is an error, though msgspec would write some of it."""
    with pytest.raises(TypeError, match="is not JSON serializable"):
        protocol.dumps({"a": value})


def test_usual_requests_take_the_quick_way() -> None:
    """A request as the platform sends it is read, and a plain reply written, without the standard library."""
    request = make_request("да")
    assert protocol._parse_usual(json.dumps(request).encode()) == request
    assert protocol._codec().write({"text": "Да", "end_session": False}) is not None
