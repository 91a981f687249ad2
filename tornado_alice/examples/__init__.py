"""Skills to read and to start from: ``python -m tornado_alice tornado_alice.examples.guess_number``."""
