"""What a skill's author tests with: users who talk to a skill without a platform, and recorded dialogs as tests.

from tornado_alice.testing import User
from hello import skill

def test_hello():
    with User(skill) as alice:
        assert alice.enter() == "Добрый день! Как вас зовут?"
        assert "Анна" in alice.say("Анна")

With pytest a fixture `alice` makes such users: ``def test_hello(alice): alice(skill).enter()``, see `plugin`. `Dialog` is
one dialog without what is around it.
"""

from .answer import Answer
from .dialog import Dialog
from .recorded import export, replay
from .requests import make_request

__all__ = ["Answer", "Dialog", "export", "make_request", "replay"]
