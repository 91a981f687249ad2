"""Durations and sizes as people write them on a command line. Pure.

Both are types for argparse: bad input is told with what is allowed.
"""

import argparse
import re

_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 24 * 3600, "w": 7 * 24 * 3600}
_BYTES = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "": 1 << 20}


def duration(text: str) -> float:
    """Seconds; a plain number is in seconds.

    >>> duration("10m"), duration("1.5h"), duration("14d"), duration("90")
    (600.0, 5400.0, 1209600.0, 90.0)
    """
    found = re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,9})?) ?([smhdw]?)", text)
    seconds = float(found[1]) * _SECONDS[found[2]] if found else 0.0
    if not seconds:
        raise argparse.ArgumentTypeError(f"a duration above zero such as 90, 30s, 10m, 24h, 14d or 2w, got {text!r}")
    return seconds


def size(text: str) -> int:
    """Bytes; a plain number is in MiB.

    >>> size("256M") == size("256") == size("256MiB") == 256 << 20
    True
    """
    found = re.fullmatch(r"([0-9]{1,9}) ?(?:([KMG])(?:iB|B)?)?", text)
    if found is None:
        raise argparse.ArgumentTypeError(f"a size such as 512K, 256M or 1G, or a number of MiB, got {text!r}")
    return int(found[1]) * _BYTES[found[2] or ""]
