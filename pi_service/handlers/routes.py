"""The routes of the service and the Application settings they need."""

from importlib.resources import files
from typing import Any

from tornado.routing import Rule
from tornado.web import HTTPError, StaticFileHandler, url

from ..service import Service
from . import api, digits, pages
from .base import Secured
from .place import Place

#: What is served of web/.
SERVED = (".js", ".css", ".svg")


class StaticFiles(StaticFileHandler):
    """Scripts, styles and pictures of the pages; templates lie beside them and are not served."""

    def validate_absolute_path(self, root: str, absolute_path: str) -> str | None:
        if "\0" in absolute_path or not absolute_path.endswith(SERVED):
            raise HTTPError(404)
        return super().validate_absolute_path(root, absolute_path)

    @classmethod
    def make_static_url(cls, settings: dict[str, Any], path: str, include_version: bool = True) -> str:
        place: Place = settings["place"]
        return place.at(super().make_static_url(settings, path, include_version).removeprefix("/"))

    def set_extra_headers(self, path: str) -> None:
        """A module that another one imports has no version in its URL: it is asked for anew, so that none is stale."""
        if "v" not in self.request.arguments:
            self.set_header("Cache-Control", "no-cache")


def routes(service: Service) -> list[Rule]:
    """Every path of the service. `GET /` is the dashboard; what else happens at `/` may be routed before."""
    given = {"service": service}
    return [
        url(r"/v1/pi", digits.WindowHandler, given),  # first, as the one that is asked most often
        url(r"/v1/pi\.txt", digits.TextHandler, given),
        url(r"/", pages.DashboardPage, given),
        url(r"/jobs", pages.NewJobForm, given),
        url(r"/jobs/([^/]+)/(retry|remove)", pages.JobForm, given),
        url(r"/pi/([^/]+)", pages.JobPage, given),
        url(r"/pi/([^/]+)/now", pages.JobNow, given),
        url(r"/api/jobs", api.JobsHandler, given),
        url(r"/api/jobs/([^/]+)", api.JobHandler, given),
        url(r"/api/jobs/([^/]+)/retry", api.RetryHandler, given),
        url(r"/api/load", api.LoadHandler, given),
        url(r"/api/search", digits.SearchHandler, given),
        url(r"/api/search/count", digits.CountHandler, given),
        url(r"/api/events", api.EventsHandler, given),
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
        "transforms": [Secured],
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
