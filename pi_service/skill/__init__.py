"""The bundled skill about pi, the model of a skill that does long work."""

from .script import make_skill

__all__ = ["make_skill"]
