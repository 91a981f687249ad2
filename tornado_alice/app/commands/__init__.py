"""The commands of the command line, a module each: its words and what it calls."""
