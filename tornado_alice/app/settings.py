"""What the command line sets, and what follows from it."""

import ipaddress
import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from pi_service import Place

from ..errors import SettingsError
from ..journal.base import Retention
from .gate import Rules, host_names
from .journals import check_place
from .loading import script_name
from .password import Password

#: First parts of the paths of the pages; the webhook cannot be there if it shares their port.
TAKEN = (
    "/api",
    "/favicon",
    "/healthz",
    "/jobs",
    "/metrics",
    "/pi",
    "/readyz",
    "/robots",
    "/static",
    "/v1",
    "/workbench",
)


@dataclass(frozen=True)
class Settings:
    """What the command line sets; see ``python -m tornado_alice --help``.

    `pi_time_limit` is in seconds, `pi_memory_limit` in MiB, each for one job. `keep_...` are in seconds since the last
    turn of a session, `keep_failed_size` in bytes of all failed ones.

    Raises:
        SettingsError: what is set cannot work; the message names the option and the remedy.
    """

    scripts: tuple[str, ...] = ()
    address: str = "127.0.0.1"
    port: int = 8888
    webhook_address: str | None = None
    webhook_port: int | None = None
    webhook_path: str = "/"
    skill_ids: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    password_file: Path | None = None
    public_url: str | None = None
    trusted_proxies: tuple[str, ...] = ()
    data_dir: Path = Path("data")
    journal: str | None = field(default=None, repr=False)  # it may hold a password
    durability: str = "normal"
    pi_max_digits: int = 10_000_000
    pi_max_queue: int = 1000
    pi_time_limit: float | None = None
    pi_memory_limit: int | None = None
    engine: str = "local"
    dask_scheduler: str | None = None
    workbench: bool = False
    keep_ended: float = Retention.ended
    keep_failed: float | None = None
    keep_silent: float = Retention.silent
    keep_failed_size: int = Retention.failed_bytes
    log_turns: bool = False
    processes: int = 1

    def __post_init__(self) -> None:
        if self.skill_ids and len(self.scripts) > 1:
            raise SettingsError("--skill-id is for one script; with several name Skill(skill_ids=[...]) in each")
        if self.workbench and self.password_file is None and not is_loopback(self.address):
            raise SettingsError("--workbench shows what users said: give it a --password-file, or a loopback --address")
        check_place(self.journal)
        if self.journal is not None and self.durability == "memory":
            raise SettingsError("--durability memory keeps nothing in a --journal: choose one of them")
        if self.processes > 1 and self.durability == "memory":
            raise SettingsError(
                "--processes go on with each other's dialogs: they need a journal, no --durability memory"
            )
        path = self.webhook_path
        if not re.fullmatch(r"/[\w.~/-]*", path, re.ASCII):
            raise SettingsError("--webhook-path: a path like /hook-1f8a, of letters, digits and . _ ~ - /")
        if self.webhook_port is not None:
            return
        if self.webhook_address is not None:
            raise SettingsError("--webhook-address needs --webhook-port: at the port of the pages it is theirs")
        if path != "/" and any(path.startswith(taken) or taken.startswith(path) for taken in TAKEN):
            raise SettingsError("--webhook-path: the pages are there; choose a longer one, or give it a --webhook-port")
        for script in self.scripts if path == "/" and len(self.scripts) > 1 else ():
            if f"/{script_name(script)}" in TAKEN:
                raise SettingsError(
                    f"{script}: /{script_name(script)} is of the pages; give --webhook-path /skills, say"
                )

    @property
    def place(self) -> Place:
        """Where browsers find the pages."""
        if self.public_url is None:
            return Place()
        try:
            return Place.parse(self.public_url)
        except ValueError as error:
            raise SettingsError(f"--public-url: {error}") from None

    @property
    def rules(self) -> Rules:
        """Who may see the pages."""
        public = None if self.public_url is None else urlsplit(self.public_url).netloc
        hosts = host_names(self.hosts, public, is_loopback(self.address))
        password = None if self.password_file is None else Password.read(self.password_file)
        return Rules(hosts, password, self.place.base)


def is_loopback(address: str) -> bool:
    """Can only this machine reach the address?

    >>> is_loopback("localhost"), is_loopback("::1"), is_loopback("0.0.0.0"), is_loopback("example.org")
    (True, True, False, False)
    """
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return address == "localhost"
