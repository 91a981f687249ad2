"""Which jobs a list shows: filter, order and page, checked where they are put together."""

from dataclasses import dataclass

from .checks import parse_whole, whole
from .errors import BadRequest
from .jobs import Stage

#: What the list can be filtered by.
LISTED = tuple(stage for stage in Stage if stage is not Stage.REMOVED)
#: Columns by which a list can be sorted; nulls come last whichever the direction.
SORTS = ("n", "status", "registered_at", "finished_at", "seconds")
#: The fields that say which jobs belong to a list; the others order it and cut it into pages.
FILTERS = ("status", "q", "least", "most", "age", "error")
#: A list is sorted so unless asked otherwise.
NEWEST_FIRST = "-registered_at"
#: The last page that can be asked for: far beyond any list, and its offset fits SQLite's integers.
LAST_PAGE = 10**9
#: The largest number that is compared with n or with an age in seconds; it fits SQLite's integers.
LARGEST = 10**15 - 1
#: Jobs on the largest page; they are read in a few milliseconds, on the loop.
MOST_PER_PAGE = 500
#: Characters of the longest text that is looked for in errors.
LONGEST_ERROR = 100


@dataclass(frozen=True)
class Listing:
    """One page of the jobs.

    Raises:
        BadRequest: a value is not allowed; `field` names it.

    >>> Listing(sort="seconds", page=2)
    Listing(status=None, q='', sort='seconds', page=2, per_page=50, least=None, most=None, age=None, error='')
    """

    status: Stage | None = None  #: only jobs in this one; None: in any
    q: str = ""  #: only jobs whose n starts with these digits
    sort: str = NEWEST_FIRST  #: one of `SORTS`, with '-' before it for descending order
    page: int = 1
    per_page: int = 50
    least: int | None = None  #: only jobs whose n is at least this
    most: int | None = None  #: only jobs whose n is at most this
    age: int | None = None  #: only jobs registered during the last so many seconds
    error: str = ""  #: only failed jobs whose error holds this text, in any case

    def __post_init__(self) -> None:
        if self.status is not None and self.status not in LISTED:
            raise _unlisted(self.status)
        if self.q:
            parse_whole("q", self.q, 0)
        if self.sort.removeprefix("-") not in SORTS:
            allowed = ", ".join(SORTS)
            got = repr(self.sort[:50])
            raise BadRequest("sort", f"sort must be one of {allowed}, or one with '-' before it; got {got}")
        whole("page", self.page, 1, LAST_PAGE)
        whole("per_page", self.per_page, 1, MOST_PER_PAGE)
        for name in ("least", "most", "age"):
            if (value := getattr(self, name)) is not None:
                whole(name, value, 0, LARGEST)
        if len(self.error) > LONGEST_ERROR:
            raise BadRequest("error", f"error may have {LONGEST_ERROR} characters; got {len(self.error)}")

    @classmethod
    def parse(cls, **given: str) -> "Listing":
        """The listing that texts ask for, as a query string has them; what is not given is as usual.

        Raises:
            BadRequest: as for the listing itself.

        >>> Listing.parse(status="stored", page="3").page
        3
        """
        status = given.get("status", "")
        if status not in ("", *LISTED):
            raise _unlisted(status)
        bounds = {name: parse_whole(name, given[name], 0) for name in ("least", "most", "age") if given.get(name)}
        return cls(
            Stage(status) if status else None,
            given.get("q", cls.q),
            given.get("sort", cls.sort),
            parse_whole("page", given.get("page", str(cls.page)), 1, LAST_PAGE),
            parse_whole("per_page", given.get("per_page", str(cls.per_page)), 1, MOST_PER_PAGE),
            error=given.get("error", cls.error),
            **bounds,
        )


#: The first page of all jobs, newest first.
NEWEST = Listing()


def _unlisted(status: str) -> BadRequest:
    return BadRequest("status", f"status must be one of {', '.join(LISTED)}; got {status[:50]!r}")
