"""Which jobs a list shows, and what is refused where a listing is made."""

import pytest

from pi_service.errors import BadRequest
from pi_service.jobs import Stage
from pi_service.listing import LISTED, NEWEST, SORTS, Listing


@pytest.mark.parametrize("sort", ["", "-", "digit", "n; DROP TABLE job", "--n", "n "])
def test_only_columns_can_be_sorted_by(sort: str) -> None:
    """A sort that names no column is refused, and the text says which there are."""
    allowed = "sort must be one of n, status, registered_at, finished_at, seconds, or one with '-' before it; got"
    with pytest.raises(BadRequest, match=allowed) as raised:
        Listing(sort=sort)
    assert raised.value.field == "sort"


@pytest.mark.parametrize("q", ["%", "1%", "_", "' OR 1=1 --", "-1", "\u0661"])
def test_only_digits_begin_a_number(q: str) -> None:
    """What n shall begin with is ASCII digits or nothing."""
    with pytest.raises(BadRequest, match="q must be a whole number of at least 0; got") as raised:
        Listing(q=q)
    assert raised.value.field == "q"


def test_removed_jobs_are_not_listed() -> None:
    """A removed job is in no table, so nobody can ask for such."""
    assert Stage.REMOVED not in LISTED
    with pytest.raises(BadRequest, match="got 'removed'") as raised:
        Listing(Stage.REMOVED)
    assert raised.value.field == "status"


@pytest.mark.parametrize("page", [0, -1, 10**9 + 1, 1.5, True, "2", None])
def test_pages_are_counted(page: int) -> None:
    """A page is a whole number from 1 on, and small enough for SQLite."""
    with pytest.raises(BadRequest, match="page must be a whole number from 1 to 1000000000; got"):
        Listing(page=page)


def test_pages_have_a_bound() -> None:
    """The largest page has 500 jobs, for it is read on the loop."""
    assert Listing(per_page=500).per_page == 500
    with pytest.raises(BadRequest, match="per_page must be a whole number from 1 to 500; got 501"):
        Listing(per_page=501)


@pytest.mark.parametrize("name", ["least", "most", "age"])
@pytest.mark.parametrize("text", ["x", "-1", "1.5", "9" * 16])
def test_only_numbers_bound(name: str, text: str) -> None:
    """What n or an age is compared with is a whole number that SQLite can hold."""
    with pytest.raises(BadRequest, match=f"{name} must be a whole number of at least 0; got '{text}'") as raised:
        Listing.parse(**{name: text})
    assert raised.value.field == name
    assert getattr(Listing.parse(**{name: ""}), name) is None
    with pytest.raises(BadRequest, match=f"{name} must be a whole number from 0 to"):
        Listing(**{name: 10**15})


def test_the_text_of_an_error_has_a_bound() -> None:
    """A text that is looked for in errors has 100 characters at most."""
    assert Listing(error="x" * 100)
    with pytest.raises(BadRequest, match="error may have 100 characters; got 101"):
        Listing(error="x" * 101)


def test_texts() -> None:
    """A query string makes the same listing as values do; what it leaves out is as usual."""
    assert Listing.parse() == NEWEST == Listing()
    assert Listing.parse(status="", q="") == NEWEST
    asked = Listing.parse(status="stored", q="10", sort="-n", page="2", per_page="7")
    assert asked == Listing(Stage.STORED, "10", "-n", 2, 7)
    for sort in SORTS:
        assert Listing.parse(sort=f"-{sort}").sort == f"-{sort}"


@pytest.mark.parametrize(("name", "text"), [("page", ""), ("per_page", "x"), ("sort", ""), ("status", "done")])
def test_wrong_texts(name: str, text: str) -> None:
    """A text that is there must say something; the refusal names its field."""
    with pytest.raises(BadRequest) as raised:
        Listing.parse(**{name: text})
    assert raised.value.field == name
