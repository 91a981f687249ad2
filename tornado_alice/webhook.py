"""The Tornado handler of the webhook: bytes in, bytes out, and clear refusals of what is no request."""

import json
import logging

from tornado.web import RequestHandler

from . import protocol
from .dialogs import Dialogs
from .errors import RequestError

log = logging.getLogger(__name__)


class WebhookHandler(RequestHandler):
    """``POST``: one turn of a dialog. Answers 200; 400 with a JSON error that names the field; 413 over 1 MiB."""

    def initialize(self, dialogs: Dialogs) -> None:
        self.dialogs = dialogs

    def check_xsrf_cookie(self) -> None:
        """The platform has no cookies, and nothing here depends on one."""

    async def post(self) -> None:
        body = self.request.body
        if len(body) > protocol.MAX_BODY:
            self._refuse(413, "too_large", f"body: {len(body)} bytes, but {protocol.MAX_BODY} are allowed")
            return
        try:
            answer = await self.dialogs.answer(body)
        except RequestError as error:
            self._refuse(400, "bad_request", str(error), error.field)
            return
        self.set_header("Content-Type", "application/json; charset=UTF-8")
        self.finish(answer)

    def _refuse(self, status: int, code: str, message: str, field: str = "body") -> None:
        log.info("refused with %d: %s", status, message)
        self.set_status(status)
        self.set_header("Content-Type", "application/json; charset=UTF-8")
        error = {"code": code, "field": field, "message": message}
        self.finish(json.dumps({"error": error}, ensure_ascii=True))

    def compute_etag(self) -> None:
        """Answers to POST are not cached; hashing them is work for nothing."""
