"""What a terminal gets: texts of users, scripts and services may hold anything, control sequences too. Pure."""


def printable(text: object) -> str:
    """One line that a terminal only prints: everything else in it is escaped.

    >>> printable("a\\x1b[2J")
    'a\\\\x1b[2J'
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "backslashreplace").decode() for c in str(text))
