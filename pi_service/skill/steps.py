"""What the bundled skill asks of the service; each method is a step."""

from typing import Any, Protocol

from ..jobs import Stage
from ..service import Service

#: Digits that a search wants to have: most six-digit dates are among them.
SEARCHED = 1_000_000


class Steps(Protocol):
    """The steps of the skill, wherever the service runs."""

    async def digits(self, start: int, count: int) -> dict[str, Any]:
        """{"digits"} from position `start` (0 is the leading 3) on, computed if need be, or {"error"}."""

    async def digit(self, n: int) -> dict[str, Any]:
        """The n-th digit after the point; its job is on the dashboard."""

    async def find(self, *sequences: str) -> dict[str, Any]:
        """The first of the sequences that is there: {"sequence", "position", "searched"}."""


class Pi:
    """The steps where the service runs in this process."""

    def __init__(self, service: Service) -> None:
        self.service = service

    async def digits(self, start: int, count: int) -> dict[str, Any]:
        n = start + count - 1
        if n > self.service.available:
            job, _ = self.service.submit(n)
            if job.retryable:
                self.service.retry(n)
            job = await self.service.wait(n)
            if job.status != Stage.STORED:
                return {"error": job.error or job.status.value}
        return {"digits": self.service.digit_window(start, count)}

    async def digit(self, n: int) -> dict[str, Any]:
        job, _ = self.service.submit(n)
        if job.retryable:
            self.service.retry(n)
        job = await self.service.wait(n)
        return {"digits": str(job.digit)} if job.status == Stage.STORED else {"error": job.error or job.status.value}

    async def find(self, *sequences: str) -> dict[str, Any]:
        enough = min(SEARCHED, self.service.max_digits)
        if self.service.available < enough:
            await self.digits(enough, 1)
        for sequence in sequences:
            found = await self.service.search(sequence)
            if found.position is not None:
                break
        return {"sequence": sequence, "position": found.position, "searched": found.searched}
