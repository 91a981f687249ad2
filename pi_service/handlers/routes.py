"""The routes of the service and the Application settings they need."""

from importlib.resources import files
from typing import Any

from tornado.routing import Rule
from tornado.web import GZipContentEncoding, url

from ..service import Service
from . import api, dashboard, digits, pages, words
from .assets import StaticFiles
from .base import Secured
from .place import Place


class Gzip(GZipContentEncoding):
    """Gzip at its best: a page has some thousand bytes, so the time is no matter."""

    GZIP_LEVEL = 9


def routes(service: Service) -> list[Rule]:
    """Every path of the service. `GET /` is the dashboard; what else happens at `/` may be routed before."""
    given = {"service": service}
    return [
        url(r"/v1/pi", digits.WindowHandler, given),  # first, as the one that is asked most often
        url(r"/v1/pi\.txt", digits.TextHandler, given),
        url(r"/", dashboard.DashboardPage, given),
        url(r"/jobs", dashboard.NewJobForm, given),
        url(r"/jobs/([^/]+)/(retry|remove|restore)", pages.JobForm, given),
        url(r"/pi/([^/]+)", pages.JobPage, given),
        url(r"/pi/([^/]+)/now", pages.JobNow, given),
        url(r"/api/jobs", api.JobsHandler, given),
        url(r"/api/jobs/bulk", api.BulkHandler, given),
        url(r"/api/jobs/([^/]+)", api.JobHandler, given),
        url(r"/api/jobs/([^/]+)/retry", api.RetryHandler, given),
        url(r"/api/jobs/([^/]+)/restore", api.RestoreHandler, given),
        url(r"/api/load", api.LoadHandler, given),
        url(r"/api/search", digits.SearchHandler, given),
        url(r"/api/search/count", digits.CountHandler, given),
        url(r"/api/events", api.EventsHandler, given),
        url(words.PATTERN, words.WordsHandler),
        url(r"/(?:api|v1)(?:/.*)?", api.UnknownHandler, given),
    ]


def settings(place: Place | None = None) -> dict[str, Any]:
    """Settings of the `tornado.web.Application` that serves `routes`.

    Args:
        place: where browsers find the pages; by default where a request says it was sent.
    """
    web, place = str(files("tornado_alice_web")), place or Place()
    return {
        "place": place,
        "transforms": [Secured, Gzip],
        "template_path": web,
        "static_path": web,
        "static_handler_class": StaticFiles,
        "default_handler_class": pages.MissingPage,
        "xsrf_cookies": True,
        "xsrf_cookie_kwargs": place.cookie,
        # a page that went to sleep is noticed, and proxies keep quiet connections open
        "websocket_ping_interval": 20,
        "websocket_max_message_size": 4096,
    }
