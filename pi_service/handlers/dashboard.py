"""The dashboard: the table of all computations and the form for new ones, with and without JavaScript.

The address says which part of the table is shown, and the table comes with the page; scripts only keep it fresh.
"""

import time
from dataclasses import fields, replace
from typing import Any
from urllib.parse import urlencode

from ..checks import parse_whole
from ..errors import BadRequest, QueueFull, StoreUnavailable
from ..jobs import Job
from ..listing import LISTED, Listing
from ..numbers import parse_numbers
from .base import describe
from .pages import ServicePage

#: What of a listing stands in the page's address; its length is always the same.
NAMES = tuple(field.name for field in fields(Listing) if field.name != "per_page")


class DashboardPage(ServicePage):
    """`/`: the table, and the form for a new job."""

    def get(self) -> None:
        listing, wrong = self._listing()
        if wrong:
            self.redirect(self.address(listing))  # what means nothing leaves the address
        else:
            self.show_jobs(listing)

    head = get

    def _listing(self) -> tuple[Listing, bool]:
        """What the address asks for, and whether something in it means nothing."""
        given = {name: self._asked_for(name) for name in NAMES if name in self.request.query_arguments}
        wrong = "" in given.values()
        while True:
            try:
                return Listing.parse(**{name: value for name, value in given.items() if value}), wrong
            except BadRequest as refusal:
                del given[refusal.field]
                wrong = True

    def _asked_for(self, name: str) -> str:
        return self.request.query_arguments[name][-1].decode("utf-8", "replace").strip()

    def address(self, listing: Listing, **changes: Any) -> str:
        """The address of the dashboard that shows a listing."""
        usual, wanted = Listing(), replace(listing, **changes)
        query = {name: getattr(wanted, name) for name in NAMES if getattr(wanted, name) != getattr(usual, name)}
        return self.place.at(f"?{urlencode(query)}" if query else "")

    def show_jobs(self, listing: Listing, **said: Any) -> None:
        """Show a listing.

        Args:
            listing: which part of the table.
            said: what the form tells: `wrong`, `wrong_in_english`, `typed`.
        """
        jobs, total, listing = self._page(listing)
        self.show(
            "pi/dashboard.html",
            jobs=jobs,
            total=total,
            listing=listing,
            pages=max(1, -(-total // listing.per_page)),
            filtered=replace(listing, sort=Listing.sort, page=1) != Listing(),
            address=lambda **changes: self.address(listing, **changes),
            cursor=self.service.feed.last_id,
            now=time.time(),
            listed=LISTED,
            max_digits=self.service.max_digits,
            removed=self._removed(),
            said=said,
            load=self.service.load(),
        )

    def _page(self, listing: Listing) -> tuple[list[Job], int, Listing]:
        jobs, total = self.service.jobs(listing)
        last = max(1, -(-total // listing.per_page))
        if listing.page <= last:
            return jobs, total, listing
        return self._page(replace(listing, page=last))

    def _removed(self) -> int | None:
        """The job that a form has just removed: the page offers to bring it back."""
        text = self.request.query_arguments.get("removed", [b""])[-1].decode("latin-1")
        n = int(text) if text.isascii() and text.isdigit() and len(text) < 16 else 0
        return n if n and self.service.job(n) is None and self.service.events(n) else None


class NewJobForm(DashboardPage):
    """`/jobs`: the form's target; a bad n shows the dashboard again and says why."""

    def get(self) -> None:
        self.redirect(self.place.at())  # someone reloads the answer to a bad n

    head = get

    async def post(self) -> None:
        typed = self.get_body_argument("n", "")
        try:
            numbers = self._numbers(typed)
            if len(numbers) == 1:
                self.service.submit(numbers[0])
                self.redirect(self.place.at(f"pi/{numbers[0]}"), status=303)
                return
            outcome = await self.service.bulk("add", numbers)
            if rest := outcome.kept[QueueFull]:
                message = f"the queue is full: no room for {rest} of {len(numbers)}; try again later"
                raise QueueFull(message, reason="queue_full_some", n=rest)
            self.redirect(self.place.at(), status=303)
        except (BadRequest, QueueFull, StoreUnavailable) as error:
            problem = describe(error)
            self.set_status(problem.status)
            self.show_jobs(Listing(), wrong=self.phrase(problem) or problem.message, typed=typed)

    def _numbers(self, typed: str) -> list[int]:
        most = self.service.max_digits
        if not any(mark in typed for mark in " ,;-\n\u00a0\u202f\u2013\u2014."):
            return [parse_whole("n", typed, 1, most)]
        return parse_numbers("n", typed, most)
