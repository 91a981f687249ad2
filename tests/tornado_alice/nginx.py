"""A real nginx with a file of examples/, in a folder of its own; for benchmarks too."""

import os
import random
import shutil
import socket
import subprocess
import time
from pathlib import Path

from absent import needed


def find(name: str) -> str:
    """The path of a program; where there is none the test is skipped aloud, and fails in CI."""
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")
    return needed(
        found, f"no {name} on this machine (Debian: apt install {name}): the examples with it were NOT tested"
    )


def free_ports(count: int) -> list[int]:
    """Ports that nobody has now, all different, and below those that the kernel gives to who asks for any: nobody takes
    one before it is bound, or while its server is started again."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    first = 20_000 + worker % 12 * 1000
    found: list[int] = []
    while len(found) < count:
        port = random.randrange(first, first + 1000)
        if port not in found and _is_free(port):
            found.append(port)
    return found


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


class Nginx:
    """nginx on `port` with the text of `config`, in which `changes` are made: each must be there to be changed."""

    def __init__(self, folder: Path, config: Path, port: int, changes: dict[str, str]) -> None:
        self.folder, self.port = folder, port
        text = config.read_text()
        for old, new in ({"http {\n": "http {\n" + self._folders()} | changes).items():
            assert old in text, f"{config} has no {old}"
            text = text.replace(old, new)
        (folder / "nginx.conf").write_text(text)

    def _folders(self) -> str:
        """What nginx writes, so that it needs no folder of the system's."""
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        lines = [f"    {kind}_temp_path {self.folder}/{kind};\n" for kind in kinds]
        return "".join(lines) + f"    access_log {self.folder}/access.log;\n"

    def start(self) -> None:
        user = "user root; " if os.getuid() == 0 else ""
        rest = f"daemon off; pid {self.folder}/pid; error_log {self.folder}/error.log;"
        command = [find("nginx"), "-p", str(self.folder), "-c", "nginx.conf", "-g", user + rest]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        end = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return
            except ConnectionRefusedError:
                assert self.process.poll() is None and time.monotonic() < end, self.process.communicate()[1]
                time.sleep(0.02)

    def stop(self) -> None:
        self.process.terminate()
        self.process.communicate(timeout=20)
