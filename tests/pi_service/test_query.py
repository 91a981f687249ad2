"""Listings as SQL: each gives what it says, whichever way it is answered, and none sorts the whole table."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pi_service import query
from pi_service.jobs import Job, NewEvent, Stage
from pi_service.listing import LISTED, SORTS, Listing
from pi_service.query import Query
from pi_service.store import Store

SORTED = [sign + column for column in SORTS for sign in ("", "-")]
NEW = NewEvent(Stage.REGISTERED), NewEvent(Stage.SCHEDULED)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Sixty jobs in all states, some of them at the same moment."""
    clock = iter(range(1000, 10**6))
    with closing(Store(tmp_path_factory.mktemp("jobs") / "jobs.sqlite", lambda: float(next(clock) // 4))) as store:
        for k in range(60):
            n = k * k * 37 % 1009 + 1
            store.record(n, *NEW, *[NewEvent(Stage.TAKEN)][: k % 3])
            if k % 3:
                store.record(n, [NewEvent(Stage.CANCELLED), NewEvent(Stage.ERROR, f"Disk {k % 4} is full")][k % 2])
        yield store


def expected(jobs: list[Job], listing: Listing, now: float) -> list[int]:
    """What the listing means, in plain words."""
    chosen = [
        job
        for job in jobs
        if (listing.status is None or job.status is listing.status)
        and str(job.n).startswith(listing.q)
        and (listing.least is None or job.n >= listing.least)
        and (listing.most is None or job.n <= listing.most)
        and (listing.age is None or job.registered_at >= now - listing.age)
        and listing.error.lower() in (job.error or "").lower()
    ]
    column = listing.sort.removeprefix("-")
    down = listing.sort.startswith("-")
    chosen.sort(key=lambda job: job.n, reverse=down)
    chosen.sort(key=lambda job: getattr(job, column) or 0, reverse=down)
    chosen.sort(key=lambda job: getattr(job, column) is None)  # nulls last, whichever the direction
    return [job.n for job in chosen]


listings = st.builds(
    Listing,
    status=st.none() | st.sampled_from(LISTED),
    q=st.just("") | st.sampled_from(["1", "2", "10", "0", "999"]),
    sort=st.sampled_from(SORTED),
    least=st.none() | st.integers(0, 1009),
    most=st.none() | st.integers(0, 1009),
    age=st.none() | st.integers(0, 100),
    error=st.sampled_from(["", "", "DISK", "1", "%"]),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(listing=listings, page=st.integers(1, 4), few=st.sampled_from([-1, 1000]))
def test_every_listing(store: Store, monkeypatch: Any, listing: Listing, page: int, few: int) -> None:
    """Filters compose, pages follow each other in order, the total is that of all pages: for few jobs and for many."""
    now = 300.0
    with monkeypatch.context() as patch:
        patch.setattr(query, "FEW", few)
        patch.setattr(store, "_clock", lambda: now)
        everything = store.jobs(Listing(per_page=500))[0]
        wanted = expected(everything, listing, now)
        asked = Listing(**{**vars(listing), "page": page, "per_page": 7})
        jobs, total = store.jobs(asked)
        assert ([job.n for job in jobs], total) == (wanted[7 * page - 7 : 7 * page], len(wanted))
        assert store.numbers(listing, 20, 500) == sorted(n for n in wanted if n > 20)


@pytest.mark.parametrize("sort", SORTED)
@pytest.mark.parametrize(
    "filters",
    [{}, {"status": Stage.STORED}, {"q": "12"}, {"least": 1000, "most": 10**6}, {"age": 3600}],
    ids=lambda filters: " ".join(filters) or "all",
)
def test_no_page_sorts_the_table(store: Store, filters: dict[str, Any], sort: str) -> None:
    """The order of many jobs is that of an index that also answers the filters: only one page's rows are fetched."""
    sql = Query(Listing(**filters, sort=sort), 0.0).page(10**5)
    one = sql.partition("n IN (")[2].rpartition(") ORDER BY")[0]
    values = {"now": 0, "limit": 50, "offset": 0, **filters}
    (step,) = [row[3] for row in store._db.execute(f"EXPLAIN QUERY PLAN {one}", values)]
    assert "COVERING INDEX" in step or (sort.endswith("n") and "status" not in filters), step


def test_a_search_in_errors_reads_only_failed_jobs(store: Store) -> None:
    """The text of errors is looked for where there are errors."""
    asked = Query(Listing(Stage.ERROR, error="disk"), 0.0)
    for sql in (asked.total, asked.page(10**5), asked.numbers):
        values = asked.values | {"after": 0}
        plan = " ".join(row[3] for row in store._db.execute(f"EXPLAIN QUERY PLAN {sql}", values))
        assert "USING COVERING INDEX job_error" in plan
