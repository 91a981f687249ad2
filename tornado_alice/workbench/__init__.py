"""The workbench: dialogs of the author with the script, and the script as it stands in them.

Everything here goes by the journal: the script of a dialog is replayed to be looked at, so that looking changes
nothing, and the workbench knows after a restart what it knew before.
"""

from .branching import branch
from .looking import look, sources
from .playing import device_of, plain, play
from .saving import as_dialog, as_scenario

__all__ = ["as_dialog", "as_scenario", "branch", "device_of", "look", "plain", "play", "sources"]
