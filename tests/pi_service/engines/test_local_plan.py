"""Which steps a computation needs."""

from pathlib import Path

from pi_service.engines import local_tasks
from pi_service.engines.local_plan import plan

MANY = 5_000_000  # enough for several ranges per worker


def test_another_attempt_goes_on(tmp_path: Path) -> None:
    """What an interrupted attempt finished is not planned again, also in the middle of the terms."""
    steps = plan(MANY, tmp_path, 2, tmp_path / "target")
    third = [step for step in steps if step.function is local_tasks.split][2]
    third.function(*third.args)
    rest = plan(MANY, tmp_path, 2, tmp_path / "target")
    again = [step.args[1] for step in rest if step.function is local_tasks.split]
    assert third.args[1] not in again
    assert sum(map(len, again)) == sum(len(step.args[1]) for step in steps if step.function is local_tasks.split) - len(
        third.args[1]
    )
