"""What a skill's author tests with: users who talk to a skill without a platform, and recorded dialogs as tests.

from tornado_alice.testing import User
from hello import skill

def test_hello():
    with User(skill) as alice:
        assert alice.enter() == "Добрый день! Как вас зовут?"
        assert "анна" in alice.say("Анна")

pytest has a fixture `alice` that makes such users and closes them: ``def test_hello(alice): alice(skill).enter()``.
`Dialog` is one dialog without what is around it.
"""

from .answer import Answer
from .device import Account
from .dialog import Dialog
from .recorded import export, replay
from .requests import make_request
from .user import User

__all__ = ["Account", "Answer", "Dialog", "User", "export", "make_request", "replay"]
