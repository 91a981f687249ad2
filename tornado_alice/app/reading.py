"""What the user of a chat types: with history and completion in a terminal, where prompt_toolkit is installed."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..testing.screen import Touchable
from ..threads import in_thread

PROMPT = "Вы: "


class Reader:
    """Reads line by line.

    Args:
        history: a file of what was typed before.
        commands: what is completed, beside buttons.
    """

    def __init__(self, history: Path, commands: Sequence[str]) -> None:
        self._commands = commands
        self._session = _session(history) if sys.stdin.isatty() and sys.stdout.isatty() else None

    async def read(self, shown: Sequence[Touchable]) -> str | None:
        """A line; None at the end of input.

        Args:
            shown: the buttons on the screen.
        """
        if self._session is None:
            return await _plain()
        from prompt_toolkit.completion import WordCompleter

        titles = {f"/{n}": touched.title for n, touched in enumerate(shown, 1)}
        completer = WordCompleter([*self._commands, *titles], meta_dict=titles, sentence=True)
        try:
            line: str = await self._session.prompt_async(PROMPT, completer=completer, complete_while_typing=False)
        except EOFError:
            return None
        return line.strip()


def _session(history: Path) -> Any:
    try:
        from prompt_toolkit import PromptSession
        from prompt_toolkit.history import FileHistory
    except ModuleNotFoundError:
        print("С историей и подсказками удобнее: pip install 'tornado_alice[dev]'")
        return None
    return PromptSession(history=FileHistory(str(history)))


async def _plain() -> str | None:
    print(PROMPT, end="", flush=True)
    line = await in_thread(sys.stdin.readline)
    if not sys.stdin.isatty():
        print(line, end="")
    return line.strip() if line else None
