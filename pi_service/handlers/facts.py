"""What the pages' scripts must know of the service, so that they need no lists of their own."""

from ..jobs import FINISHED, REPORTING, RETRYABLE, UNFINISHED
from ..listing import LISTED, SORTS, Listing
from ..search import LONGEST
from .digits import MAX_WINDOW

#: Bounds, defaults and groups of statuses. They travel with the words (words.py) to web/pi/facts.js.
FACTS = {
    "finished": sorted(FINISHED),
    "retryable": sorted(RETRYABLE),
    "reporting": REPORTING,
    "cancellable": sorted(UNFINISHED),
    "listed": LISTED,
    "sorts": SORTS,
    "sort": Listing.sort,
    "per_page": Listing.per_page,
    "window": MAX_WINDOW,
    "longest": LONGEST,
}
