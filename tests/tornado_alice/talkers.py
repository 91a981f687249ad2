"""Users who talk without a pause while servers behind a proxy come and go."""

import http.client
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

from tornado_alice.testing import make_request

#: What the user says in a turn, and what the skill must answer.
Line = tuple[str, str]


class Talker(threading.Thread):
    """One dialog over one keep-alive connection, until it is told to end; keeps what was not right."""

    def __init__(
        self,
        connect: Callable[[], http.client.HTTPConnection],
        path: str,
        session: str,
        line: Callable[[int], Line],
        ending: threading.Event,
    ) -> None:
        super().__init__()
        self._connect, self._path, self._session, self._line, self._ending = connect, path, session, line, ending
        self.turns = 0
        self.wrong: list[str] = []

    def run(self) -> None:
        with closing(self._connect()) as connection:
            while not self._ending.is_set():
                command, expected = self._line(self.turns)
                session = {"session_id": self._session, "new": self.turns == 0}
                request = json.dumps(make_request(command, self.turns, session=session))
                try:
                    connection.request("POST", self._path, request)
                    answer = connection.getresponse()
                    text = answer.read().decode()
                except (OSError, http.client.HTTPException) as error:
                    self.wrong.append(repr(error))
                    return
                self.turns += 1
                if answer.status != 200 or json.loads(text)["response"]["text"] != expected:
                    self.wrong.append(f"{answer.status} {text}")


@contextmanager
def talking(
    connect: Callable[[], http.client.HTTPConnection], path: str, line: Callable[[int], Line], users: int = 8
) -> Iterator[list[Talker]]:
    """So many users talk until the block ends."""
    ending = threading.Event()
    talkers = [Talker(connect, path, f"s{i}", line, ending) for i in range(users)]
    for talker in talkers:
        talker.start()
    try:
        yield talkers
    finally:
        ending.set()
        for talker in talkers:
            talker.join()
