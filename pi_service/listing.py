"""Which jobs a list shows: filter, order and page, checked where they are put together."""

from dataclasses import dataclass

from .checks import parse_whole, whole
from .errors import BadRequest
from .jobs import Stage

#: What the list can be filtered by.
LISTED = tuple(stage for stage in Stage if stage is not Stage.REMOVED)
#: Columns by which a list can be sorted; nulls come last whichever the direction.
SORTS = ("n", "status", "registered_at", "finished_at", "seconds")
#: A list is sorted so unless asked otherwise.
NEWEST_FIRST = "-registered_at"
#: The last page that can be asked for: far beyond any list, and its offset fits SQLite's integers.
LAST_PAGE = 10**9
#: Jobs on the largest page; they are read in a few milliseconds, on the loop.
MOST_PER_PAGE = 500


@dataclass(frozen=True)
class Listing:
    """One page of the jobs.

    Raises:
        BadRequest: a value is not allowed; `field` names it.

    >>> Listing(sort="seconds", page=2)
    Listing(status=None, q='', sort='seconds', page=2, per_page=50)
    """

    status: Stage | None = None  #: only jobs in this one; None: in any
    q: str = ""  #: only jobs whose n starts with these digits
    sort: str = NEWEST_FIRST  #: one of `SORTS`, with '-' before it for descending order
    page: int = 1
    per_page: int = 50

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
        return cls(
            Stage(status) if status else None,
            given.get("q", cls.q),
            given.get("sort", cls.sort),
            parse_whole("page", given.get("page", str(cls.page)), 1, LAST_PAGE),
            parse_whole("per_page", given.get("per_page", str(cls.per_page)), 1, MOST_PER_PAGE),
        )


#: The first page of all jobs, newest first.
NEWEST = Listing()


def _unlisted(status: str) -> BadRequest:
    return BadRequest("status", f"status must be one of {', '.join(LISTED)}; got {status[:50]!r}")
