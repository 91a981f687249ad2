"""A listing as SQL. Text alone, no database.

1. The loop waits for these, also with 10^5 jobs in the table. So `OFFSET` walks over an index that has all columns the
   filters ask about, and only the rows of the page itself are fetched.
2. If few jobs pass the filters SQLite looks them up and sorts them; if many do, the index of the order is prescribed:
   left to itself SQLite would sort them all, 100 times as slow deep in the list.
3. Only failed jobs have an error, and they have an index of their own.
4. A Listing has nothing but digits and names of columns in what is put into the text; all else goes by `values`.
"""

from functools import cached_property
from typing import Any

from .listing import Listing

#: Jobs that are looked up and sorted in a millisecond or two.
FEW = 1000
#: Decimal digits of the largest n that can be looked for, as `checks.parse_whole` has it.
MAX_DIGITS_OF_N = 15
#: What each filter of a listing that is set asks of a row.
CONDITIONS = {
    "status": "status = :status",
    "least": "n >= :least",
    "most": "n <= :most",
    "age": "registered_at >= :now - :age",
    "error": "error IS NOT NULL AND instr(lower(error), lower(:error)) > 0",
}
#: The index in the order of a column. The rows are in the order of n themselves.
ORDERED = {
    "registered_at": "INDEXED BY job_registered_at",
    "finished_at": "INDEXED BY job_finished_at",
    "seconds": "INDEXED BY job_seconds",
    "status": "INDEXED BY job_status_n",
    "n": "NOT INDEXED",
}
#: The same within one status.
ORDERED_IN_STATUS = ORDERED | {
    "registered_at": "INDEXED BY job_status_registered_at",
    "n": "INDEXED BY job_status_n",
}


class Query:
    """What to ask the table `job` for a listing.

    Args:
        listing: its filters, order and page.
        now: UNIX seconds.
    """

    def __init__(self, listing: Listing, now: float) -> None:
        self._listing = listing
        given = {name: getattr(listing, name) for name in CONDITIONS}
        filters = {name: value for name, value in given.items() if value not in (None, "")}
        self._conditions = [CONDITIONS[name] for name in filters]
        self.offset = (listing.page - 1) * listing.per_page
        #: of the named parameters
        self.values: dict[str, Any] = filters | {"now": now, "limit": listing.per_page, "offset": self.offset}

    @property
    def total(self) -> str:
        """How many jobs pass the filters."""
        return f"SELECT COUNT(*) AS total FROM job {self._errors}{self._where(self._ranges)}"

    def page(self, total: int) -> str:
        """The rows of the page.

        Args:
            total: how many jobs pass the filters.
        """
        if total <= FEW or self._errors:
            source = f"{self._errors}{self._where(self._ranges)}"
        else:
            source = f"{self._order_index}{self._where(self._prefix)}"
        one = f"SELECT n FROM job {source} ORDER BY {self._order} LIMIT :limit OFFSET :offset"
        return f"SELECT * FROM job WHERE n IN ({one}) ORDER BY {self._order}"

    @property
    def numbers(self) -> str:
        """The next `:limit` numbers above `:after` that pass the filters, growing."""
        where = self._where([*self._ranges, "n > :after"])
        return f"SELECT n FROM job {self._errors}{where} ORDER BY n LIMIT :limit"

    def _where(self, further: list[str]) -> str:
        conditions = self._conditions + further
        return f" WHERE {' AND '.join(conditions)}" if conditions else ""

    @property
    def _errors(self) -> str:
        return "INDEXED BY job_error" if self._listing.error else ""

    @property
    def _order_index(self) -> str:
        return (ORDERED_IN_STATUS if self._listing.status else ORDERED)[self._listing.sort.removeprefix("-")]

    @property
    def _order(self) -> str:
        column, direction = self._listing.sort.removeprefix("-"), "DESC" if self._listing.sort[0] == "-" else "ASC"
        return f"n {direction}" if column == "n" else f"{column} {direction} NULLS LAST, n {direction}"

    @cached_property
    def _ranges(self) -> list[str]:
        """That n begins with the digits asked for, as ranges: quick where rows are looked up by n."""
        q = self._listing.q
        if not q or q.startswith("0"):
            return ["n < 0"] if q else []
        ranges = [
            f"n BETWEEN {int(q) * 10**k} AND {(int(q) + 1) * 10**k - 1}" for k in range(MAX_DIGITS_OF_N + 1 - len(q))
        ]
        return [f"({' OR '.join(ranges)})"]

    @property
    def _prefix(self) -> list[str]:
        """The same as a text: quick where all rows are looked at anyway."""
        return [f"substr(n, 1, {len(self._listing.q)}) = '{self._listing.q}'"] if self._listing.q else []
