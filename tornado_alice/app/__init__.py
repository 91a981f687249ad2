"""The program `python -m tornado_alice`: settings, the server of both halves, the commands. Private."""
