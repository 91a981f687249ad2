"""The digits file: windows, searches, replacement, and damage of every kind."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pi_service.digits import Digits
from pi_service.errors import BadRequest, CheckFailed, DigitsDamaged, NotFound
from pi_service.search import STEP, Match
from pi_service.sums import BLOCK, CELL
from pi_service.testing import digits_of_pi

PI = digits_of_pi(1000)
#: Any digits do for what depends on size only; these cover two blocks and a half and never repeat for long.
LONG = "3" + "".join(f"{k:07d}" for k in range(BLOCK * 5 // 14))


def write(directory: Path, digits: str) -> Path:
    path = directory / "result"
    path.write_text(digits)
    return path


async def filled(directory: Path, digits: str) -> Digits:
    file = Digits(directory)
    await file.open()
    await file.replace(write(directory, digits), len(digits) - 1)
    return file


async def opened(directory: Path) -> tuple[Digits, str]:
    file = Digits(directory)
    return file, await file.open()


def run(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[[Path], None]:
    def sync(tmp_path: Path) -> None:
        asyncio.run(test(tmp_path))

    sync.__doc__ = test.__doc__
    return sync


@run
async def test_nothing_yet(path: Path) -> None:
    """Without a file there are no digits, and the error says so."""
    file, trouble = await opened(path)
    assert (file.available, trouble) == (0, "the digits file is missing")
    with pytest.raises(NotFound, match="digits 0 to 0 were asked for, but only 0 digits after the point are on disk"):
        file.window(0, 1)
    assert await file.find("3") == Match(None, "", 0)


@run
async def test_window(path: Path) -> None:
    """Position 0 is the leading 3, the n-th decimal digit stands at n, and nothing beyond the end is given."""
    file = await filled(path, PI)
    assert (file.available, file.window(0, 10), file.window(999, 2)) == (1000, "3141592653", PI[999:])
    assert [file.digit(n) for n in (1, 2, 1000)] == [1, 4, 9]
    with pytest.raises(NotFound, match=r"digits 999 to 1001 .* only 1000 digits after the point"):
        file.window(999, 3)
    await file.close()


@run
async def test_survives_a_restart(path: Path) -> None:
    """What was replaced is there, verified and whole, for the next process; nothing else is left behind."""
    await (await filled(path, LONG)).close()
    file, trouble = await opened(path)
    assert (file.available, trouble) == (len(LONG) - 1, "")
    assert file.window(len(LONG) - 10, 10) == LONG[-10:]
    assert sorted(os.listdir(path)) == [f"digits.{len(LONG)}.sums", "digits.txt"]
    await file.close()


@run
async def test_only_grows(path: Path) -> None:
    """A shorter result changes nothing, a longer one replaces all; the result's own file is gone both times."""
    file = await filled(path, PI[:101])
    for n in (10, 100, 200):
        await file.replace(write(path, PI[: n + 1]), n)
        assert (file.available, (path / "result").exists()) == (max(n, 100), False)
    assert file.window(0, 201) == PI[:201]
    await file.close()


@pytest.mark.parametrize(
    ("result", "text"),
    [
        (PI[:200], "the result has 200 digits, not 201"),
        (PI[:202], "the result has 202 digits, not 201"),
        (PI[:50] + "x" + PI[51:201], "the result holds something that is not a digit"),
        ("3.14" + PI[3:200], "the result holds something that is not a digit"),
        ("0" + PI[1:201], "the result differs from the digits that are on disk already"),
        (PI[:100] + "0" + PI[101:201], "the result differs from the digits that are on disk already"),
    ],
)
def test_wrong_result_is_refused(tmp_path: Path, result: str, text: str) -> None:
    """A result that cannot be right raises CheckFailed and what is on disk stays."""

    async def test() -> None:
        file = await filled(tmp_path, PI[:101])
        with pytest.raises(CheckFailed, match=text):
            await file.replace(write(tmp_path, result), 200)
        assert file.window(0, 101) == PI[:101]
        await file.close()
        file, trouble = await opened(tmp_path)
        assert (file.available, trouble) == (100, "")
        await file.close()

    asyncio.run(test())


@run
async def test_wrong_block_is_refused(path: Path) -> None:
    """A contradiction deep in the blocks that are known is found as well."""
    file = await filled(path, LONG[: BLOCK * 2])
    with pytest.raises(CheckFailed, match="differs"):
        await file.replace(write(path, LONG[:5] + "9" + LONG[6:]), len(LONG) - 1)
    await file.replace(write(path, LONG), len(LONG) - 1)
    assert file.window(len(LONG) - 10, 10) == LONG[-10:]
    await file.close()


def cut(size: int) -> Callable[[Path], None]:
    return lambda directory: os.truncate(directory / "digits.txt", size)


def put(position: int, data: bytes) -> Callable[[Path], None]:
    def damage(directory: Path) -> None:
        with (directory / "digits.txt").open("r+b") as file:
            file.seek(position)
            file.write(data)

    return damage


def without(pattern: str) -> Callable[[Path], None]:
    def damage(directory: Path) -> None:
        for path in directory.glob(pattern):
            path.unlink()

    return damage


def sums(text: str) -> Callable[[Path], None]:
    return lambda directory: next(directory.glob("*.sums")).write_text(text) and None


@pytest.mark.parametrize(
    ("damage", "good", "text"),
    [
        (cut(BLOCK * 2 + 5), BLOCK * 2, f"the digits file is damaged after its first {BLOCK * 2} bytes"),
        (cut(BLOCK * 2), BLOCK * 2, f"the digits file is damaged after its first {BLOCK * 2} bytes"),
        (cut(10), 0, "the digits file is damaged after its first 0 bytes"),
        (cut(0), 0, "the digits file is damaged after its first 0 bytes"),
        (put(0, b"4"), 0, "the digits file is damaged after its first 0 bytes"),
        (put(BLOCK + 7, b"x"), BLOCK, f"the digits file is damaged after its first {BLOCK} bytes"),
        (put(len(LONG) - 1, b"x"), BLOCK * 2, f"the digits file is damaged after its first {BLOCK * 2} bytes"),
        (put(len(LONG), b"5"), len(LONG), f"the digits file has {len(LONG) + 1} bytes, not {len(LONG)}"),
        (without("digits.txt"), 0, "the digits file is missing"),
        (without("*.sums"), 0, "the checksums of the digits file are missing"),
        (sums(""), 0, "the checksums of the digits file are missing"),
        (sums("[]"), 0, "the checksums of the digits file are missing"),
        (sums('{"size": "many"}'), 0, "the checksums of the digits file are missing"),
    ],
)
def test_damage(tmp_path: Path, damage: Callable[[Path], None], good: int, text: str) -> None:
    """Damage is found at start, only what comes before it is served, and a new result repairs all of it."""

    async def test() -> None:
        await (await filled(tmp_path, LONG)).close()
        damage(tmp_path)
        file, trouble = await opened(tmp_path)
        assert (trouble, file.available) == (text, max(0, good - 1))
        if good:
            assert file.window(good - 5, 5) == LONG[good - 5 : good]
        with pytest.raises(NotFound):
            file.window(good, 1)
        if good < len(LONG):
            await file.replace(write(tmp_path, LONG), len(LONG) - 1)
        assert file.window(len(LONG) - 5, 5) == LONG[-5:]
        await file.close()
        if good < len(LONG):
            file, trouble = await opened(tmp_path)
            assert (trouble, file.available) == ("", len(LONG) - 1)
            await file.close()

    asyncio.run(test())


@run
async def test_killed_between_checksums_and_file(path: Path) -> None:
    """A process killed after writing the new checksums and before the rename leaves the old digits whole."""
    await (await filled(path, PI[:101])).close()
    old = (path / "digits.101.sums").read_text()
    (path / "digits.txt").rename(path / "kept")
    await (await filled(path, PI)).close()
    (path / "kept").rename(path / "digits.txt")
    (path / "digits.101.sums").write_text(old)
    assert sorted(os.listdir(path)) == ["digits.1001.sums", "digits.101.sums", "digits.txt"]
    file, trouble = await opened(path)
    assert (trouble, file.available) == ("", 100)
    await file.close()


@run
async def test_cut_while_served(path: Path) -> None:
    """A file that someone cuts short under the running server gives an error, no wrong digits and no crash."""
    file = await filled(path, PI)
    os.truncate(path / "digits.txt", 500)
    with pytest.raises(CheckFailed, match="became shorter"):
        file.window(490, 20)
    assert (await file.find("9" * 20)).position is None
    await file.close()


@pytest.mark.parametrize("position", [0, 1, CELL - 1, CELL, BLOCK - 1, BLOCK, 2 * BLOCK + 7, len(LONG) - 1])
def test_altered_while_served(tmp_path: Path, position: int) -> None:
    """A digit altered under the running server is not told, nor its neighbours; what lies blocks before it is."""

    async def test() -> None:
        file = await filled(tmp_path, LONG)
        put(position, b"0" if LONG[position] != "0" else b"1")(tmp_path)
        far = (position + len(LONG) // 2) % len(LONG)
        assert file.window(far, 1) == LONG[far]
        with pytest.raises(DigitsDamaged, match=rf"the digits from {position // CELL * CELL} on are damaged on disk"):
            file.window(max(0, position - 5), 10 if position + 5 <= len(LONG) else 5)
        good = position // BLOCK * BLOCK
        assert await file.damage() == f"the digits file is damaged after its first {good} bytes"
        assert file.available == max(0, good - 1)
        with pytest.raises(DigitsDamaged):
            file.window(len(LONG) - 1, 1)
        with pytest.raises(NotFound):
            file.window(len(LONG), 1)
        if good:
            assert file.window(good - 10, 10) == LONG[good - 10 : good]
        await file.replace(write(tmp_path, LONG), len(LONG) - 1)
        assert (file.window(position, 1), file.available) == (LONG[position], len(LONG) - 1)
        await file.close()

    asyncio.run(test())


@settings(max_examples=30, deadline=None)
@given(at=st.integers(0, 10 * CELL), start=st.integers(0, 10 * CELL), count=st.integers(1, 10_000))
def test_no_window_has_an_altered_digit(
    tmp_path_factory: pytest.TempPathFactory, at: int, start: int, count: int
) -> None:
    """Whichever digit is altered and whichever window is read: it is right, or it is refused."""

    async def test() -> None:
        directory, digits = tmp_path_factory.mktemp("digits"), LONG[: 10 * CELL + 10_000 + 1]
        file = await filled(directory, digits)
        put(at, bytes([ord(digits[at]) ^ 1]))(directory)
        try:
            assert file.window(start, count) == digits[start : start + count]
        except DigitsDamaged:
            assert start // CELL <= at // CELL <= (start + count - 1) // CELL
        else:
            assert not start <= at < start + count
        await file.close()

    asyncio.run(test())


@run
async def test_search_in_altered_digits(path: Path) -> None:
    """A search neither finds what is not pi nor misses what is; behind a match nothing needs to be right."""
    file = await filled(path, LONG)
    place = BLOCK + 1000
    put(2 * BLOCK + 5, b"x")(path)
    assert (await file.find(LONG[place : place + 20])).position == place
    put(place, LONG[:20].encode())(path)
    for sequence, start in ((LONG[place : place + 20], 1), (LONG[:20], 2)):
        with pytest.raises(DigitsDamaged, match=f"the digits from {BLOCK} on are damaged"):
            await file.find(sequence, start)
        await file.replace(write(path, LONG), len(LONG) - 1)
        put(place, LONG[:20].encode())(path)
    await file.close()


@run
async def test_good_result_over_altered_digits(path: Path) -> None:
    """A longer result is taken although what is on disk was altered: it is the sums that it must agree with."""
    file = await filled(path, PI[:501])
    put(5, b"0")(path)
    await file.replace(write(path, PI), 1000)
    assert file.window(0, 1001) == PI
    await file.close()


FULL = """
import asyncio, resource, sys
from pathlib import Path
from pi_service.digits import Digits
from pi_service.errors import DiskFull

async def main(directory):
    digits = Digits(directory)
    await digits.open()
    result = directory / "result"
    result.write_text("3" * 500_001)
    resource.setrlimit(resource.RLIMIT_FSIZE, (30, resource.RLIM_INFINITY))
    try:
        await digits.replace(result, 500_000)
    except DiskFull as error:
        print(error, digits.available, result.exists())
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    result.write_text("3" * 500_001)
    await digits.replace(result, 500_000)
    print(digits.available)

asyncio.run(main(Path(sys.argv[1])))
"""


def test_no_space(tmp_path: Path) -> None:
    """A disk that takes no more bytes raises DiskFull, leaves no rubbish, and the same works once there is space."""
    child = subprocess.run([sys.executable, "-c", FULL, tmp_path], capture_output=True, text=True, check=True)
    refused = "the digits could not be written to disk (File too large); free some space, then retry"
    assert child.stdout.splitlines() == [f"{refused} 0 False", "500000"]
    assert sorted(os.listdir(tmp_path)) == ["digits.500001.sums", "digits.txt"]


@run
async def test_replacement_outlives_its_caller(path: Path) -> None:
    """A replacement whose caller is cancelled goes on to its end, and `settled` waits for it."""
    file = Digits(path)
    await file.open()
    task = asyncio.create_task(file.replace(write(path, LONG), len(LONG) - 1))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await file.settled()
    assert file.available == len(LONG) - 1
    await file.close()


@run
async def test_find(path: Path) -> None:
    """A position counts like n, the leading 3 is not searched, up to ten digits are shown on either side."""
    file = await filled(path, PI)
    assert await file.find("999999") == Match(762, PI[752:778], 1000)
    assert await file.find("14159") == Match(1, PI[1:16], 1000)
    assert await file.find(PI[-5:], 990) == Match(996, PI[986:1001], 1000)
    assert await file.find("1", 0) == await file.find("1") == Match(1, PI[1:12], 1000)
    assert await file.find("1", 2) == Match(3, PI[1:14], 1000)
    assert await file.find("14159", 2) == Match(None, "", 1000)
    assert await file.find("1", 10**12) == Match(None, "", 1000)
    await file.close()


@run
async def test_find_across_steps(path: Path) -> None:
    """A sequence that lies across the border of two read steps is found where it is."""
    file = await filled(path, LONG)
    for position in (STEP - 19, STEP - 1, STEP, STEP + 1, 2 * STEP - 10, len(LONG) - 20):
        sequence = LONG[position : position + 20]
        assert (await file.find(sequence)).position == LONG.index(sequence, 1) == position
    await file.close()


@pytest.mark.parametrize("q", ["", "x", "1" * 51, "-1", "3.14", "١٢", "1 2"])
def test_find_refuses(tmp_path: Path, q: str) -> None:
    """Only 1 to 50 ASCII digits can be searched for."""

    async def test() -> None:
        with pytest.raises(BadRequest, match="q must be 1 to 50 digits; got") as raised:
            await Digits(tmp_path).find(q)
        assert raised.value.field == "q"

    asyncio.run(test())


@settings(max_examples=30, deadline=None)
@given(position=st.integers(1, 990), length=st.integers(1, 10), start=st.integers(0, 1100))
def test_find_is_index(tmp_path_factory: pytest.TempPathFactory, position: int, length: int, start: int) -> None:
    """The search agrees with str.find wherever it starts."""

    async def test() -> None:
        file = await filled(tmp_path_factory.mktemp("digits"), PI)
        sequence = PI[position : position + length]
        found = await file.find(sequence, start)
        assert (found.position or -1) == PI.find(sequence, max(1, start))
        assert found.position is None or sequence in found.around
        await file.close()

    asyncio.run(test())


@settings(max_examples=50, deadline=None)
@given(
    digits=st.text("12", min_size=1, max_size=60),
    sequence=st.text("12", min_size=1, max_size=4),
    start=st.integers(0, 70),
    end=st.integers(0, 70),
)
def test_find_back_and_count(
    tmp_path_factory: pytest.TempPathFactory, digits: str, sequence: str, start: int, end: int
) -> None:
    """Backwards, up to an end, and in number the hits are those of a plain look at every position."""
    hits = [at for at in range(1, min(len(digits), end) + 1) if ("3" + digits[:end]).startswith(sequence, at)]

    async def test() -> None:
        file = await filled(tmp_path_factory.mktemp("digits"), "3" + digits)
        onward = await file.find(sequence, start, end=end)
        back = await file.find(sequence, start, end=end, back=True)
        assert onward.position == min((hit for hit in hits if hit >= start), default=None)
        assert back.position == max((hit for hit in hits if hit <= start), default=None)
        assert await file.count(sequence, end=end) == len(hits)
        await file.close()

    asyncio.run(test())


@run
async def test_find_back_and_count_across_steps(path: Path) -> None:
    """A sequence on the border of two steps is counted once, and found from behind where it is."""
    file = await filled(path, LONG)
    for position in (STEP - 19, STEP - 1, STEP, STEP + 1, 2 * STEP - 10, len(LONG) - 20):
        sequence = LONG[position : position + 20]
        assert (await file.find(sequence, len(LONG), back=True)).position == LONG.rindex(sequence) == position
        assert await file.count(sequence) == 1
    await file.close()
