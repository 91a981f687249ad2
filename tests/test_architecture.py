"""The picture of the houses and floors, held by parsing imports."""

import ast
import importlib
import inspect
import re
import subprocess
import sys
import types
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

#: Floors, lowest first. A module imports from lower floors and from its own floor without a cycle.
FLOORS = {
    "tornado_alice": [
        ["errors"],
        ["codec", "protocol", "morphology", "context", "threads", "serving", "dates", "numerals", "frames"],
        ["media", "shares"],
        ["fingerprint", "spoken"],
        ["frozen", "limits", "remedies", "diagnosis", "sockets", "quota"],
        ["entities", "rotation", "states"],
        ["envelope"],
        ["subscripts", "unheard", "tails"],
        ["request", "reply", "failures", "exchange", "source", "outside_sqlite"],
        ["hooks", "modifiers", "step", "options", "stdlib_random", "outside", "listener", "answers"],
        ["commands"],
        ["questions"],
        ["directives", "script"],
        ["journal.records", "journal.base", "journal.troubles", "journal.schema", "journal.clock", "journal.owners"],
        [
            "journal.columns",
            "journal.tally_statements",
            "journal.postgres_url",
            "journal.postgres.troubles",
            "journal.postgres.patience",
            "journal.postgres.schema",
        ],
        ["journal.statements", "journal.postgres.rows", "journal.postgres.statements", "journal.postgres.connections"],
        ["journal.postgres.groups", "journal.postgres.leases", "journal.postgres.tallies"],
        [
            "journal.memory",
            "journal.writer",
            "journal.sqlite",
            "journal.postgres.journal",
            "journal.postgres",
            "journal",
        ],
        ["session"],
        ["pace", "work", "tallies", "order"],
        ["live"],
        ["turn"],
        ["dialogs"],
        ["webhook", "function", "keeper"],
        ["skill"],
        ["app.loading", "prompts"],
        ["testing.answer", "testing.loop", "testing.requests", "testing.checks", "testing.prompts"],
        ["testing.device", "testing.host", "testing.understanding", "testing.scenario"],
        ["testing.screen", "testing.scenario_file"],
        ["testing.dialog", "testing.recorded", "testing.user"],
        ["testing"],
        ["testing.plugin", "testing.scenario_run"],
        ["testing.junit"],
        ["workbench.branching", "workbench.looking", "workbench.playing", "workbench.saving"],
        ["workbench"],
        ["app.commands.options", "app.commands"],
        ["app.password", "app.reading", "app.terminal", "app.units", "app.workbench_texts"],
        ["app.logs", "app.measures", "app.metrics", "app.new", "app.inheritance", "app.private", "app.relay"],
        ["app.gate", "app.journals", "app.prometheus", "app.siblings", "app.pi_host"],
        ["app.settings"],
        ["app.skills"],
        ["app.resources", "app.workbench"],
        ["app.chat", "app.dev", "app.scenarios", "app.sessions", "app.upload"],
        ["app.check", "app.prompts", "app.server"],
        ["app.supervisor"],
        [f"app.commands.{name}" for name in ("chat", "migrate", "new", "serve", "sessions", "test", "upload")],
        ["app.cli", "app"],
        ["app.start"],
        ["__main__"],
    ],
    "pi_service": [
        ["errors"],
        ["rounds", "commit"],
        ["jobs", "checks", "schema", "sums", "minutes", "bulk"],
        ["listing", "timeline", "search", "numbers", "query"],
        ["store", "digits", "feed", "lanes"],
        ["arithmetic.checked", "arithmetic"],
        ["arithmetic.newton"],
        ["arithmetic.chudnovsky", "arithmetic.radix"],
        ["engines.ranges", "engines"],
        ["engines.local_tasks", "engines.plan", "engines.pool", "engines.base", "engines.leftovers"],
        ["engines.local_plan", "engines.dask_tasks"],
        ["engines.local_engine", "engines.dask_engine"],
        ["runner", "testing"],
        ["load"],
        ["service"],
        ["handlers.place", "handlers.texts", "handlers"],
        ["handlers.base"],
        ["handlers.api", "handlers.assets"],
        ["handlers.digits", "handlers.outcome"],
        ["handlers.facts"],
        ["handlers.words"],
        ["handlers.pages", "handlers.dashboard"],
        ["handlers.routes"],
        ["skill.numerals", "skill.phrases", "skill.steps"],
        ["skill.script"],
        ["skill"],
    ],
}
ONLY_IMPORTERS = {
    "gmpy2": {f"pi_service.arithmetic.{name}" for name in ("checked", "newton", "chudnovsky", "radix")},
    "pymorphy3": {"tornado_alice.morphology"},
    "pi_service": {f"tornado_alice.app.{name}" for name in ("server", "settings", "workbench", "pi_host")},
    "tornado_alice": {"pi_service.skill.script"},
    "sqlite_utils": {"pi_service.store"},
    "msgspec": {"tornado_alice.codec"},
    "prometheus_client": {"tornado_alice.app.prometheus", "tornado_alice.app.siblings"},
    "asyncpg": {"tornado_alice.journal.postgres.connections", "tornado_alice.journal.postgres.troubles"},
}


def sources() -> Iterator[tuple[str, ast.Module]]:
    """(module, its tree) of both packages, examples and the template left out: they are written as users write."""
    for package in FLOORS:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            if not {"examples", "web", "template"} & set(parts):
                yield ".".join(part for part in parts if part != "__init__"), ast.parse(path.read_text("utf-8"))


SOURCES = dict(sources())


def imports(module: str, tree: ast.Module, is_package: bool) -> Iterator[str]:
    """Full names of the modules that `module` imports, anywhere in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parts = module.split(".")
            base = parts[: len(parts) - node.level + is_package] if node.level else []
            name = ".".join([*base, *([node.module] if node.module else [])])
            for alias in node.names:
                inner = f"{name}.{alias.name}"
                place = ROOT / inner.replace(".", "/")
                yield inner if place.with_suffix(".py").exists() or place.is_dir() else name


def graph() -> dict[str, set[str]]:
    """module → the modules of the same package that it imports."""
    edges = {}
    for module, tree in SOURCES.items():
        is_package = (ROOT / module.replace(".", "/")).is_dir()
        found = set(imports(module, tree, is_package))
        edges[module] = {name for name in found if name.split(".")[0] == module.split(".")[0]}
    return edges


EDGES = graph()


def floor(module: str) -> int | None:
    package, _, name = module.partition(".")
    return next((level for level, names in enumerate(FLOORS[package]) if name in names), None)


def test_every_module_has_a_floor() -> None:
    """Each module stands in the picture, and the picture has no module that is not there."""
    drawn = {f"{package}.{name}" for package, floors in FLOORS.items() for names in floors for name in names}
    faces = set(FLOORS)
    assert set(EDGES) - faces == drawn


@pytest.mark.parametrize("module", sorted(EDGES))
def test_imports_go_down(module: str) -> None:
    """A module imports from its own floor or lower ones, never its own package's face."""
    if module in FLOORS:
        return
    for other in EDGES[module]:
        assert other not in FLOORS, f"{module} imports the face of its own package"
        assert floor(other) <= floor(module), f"{module} imports {other} from a floor above"


def test_no_cycles() -> None:
    """No module imports itself through others."""
    done, path = set(), []

    def visit(module: str):
        assert module not in path, " → ".join([*path[path.index(module) :], module])
        if module not in done:
            path.append(module)
            for other in EDGES.get(module, ()):
                visit(other)
            done.add(path.pop())

    for module in EDGES:
        visit(module)


@pytest.mark.parametrize("package", ONLY_IMPORTERS)
def test_only_importers(package: str) -> None:
    """What is outside has one door: only the named modules import it."""
    found = {
        module
        for module, tree in SOURCES.items()
        for name in imports(module, tree, (ROOT / module.replace(".", "/")).is_dir())
        if name.split(".")[0] == package and module.split(".")[0] != package
    }
    assert found == ONLY_IMPORTERS[package]


def test_the_engine_of_dialogs_is_sans_io() -> None:
    """session, script, context, request and reply know no loop, clock, disk or socket."""
    outside = {"asyncio", "time", "os", "socket", "sqlite3", "pathlib", "tornado", "threading"}
    for name in (
        "session",
        "script",
        "context",
        "request",
        "reply",
        "modifiers",
        "protocol",
        "step",
        "failures",
        "diagnosis",
        "dates",
        "frozen",
        "entities",
        "envelope",
        "spoken",
        "numerals",
        "rotation",
        "limits",
        "states",
    ):
        tree = ast.parse((ROOT / "tornado_alice" / f"{name}.py").read_text("utf-8"))
        found = {found.split(".")[0] for found in imports(f"tornado_alice.{name}", tree, False)}
        assert not found & outside, name


@pytest.mark.parametrize("face", ["tornado_alice", "tornado_alice.journal", "tornado_alice.testing", "pi_service"])
def test_the_face_exports_its_public_names(face: str) -> None:
    """`__all__` equals the public names of the face, sorted, and `__init__` only exports."""
    module = importlib.import_module(face)
    for name in module.__all__:
        setattr(module, name, getattr(module, name))  # what is loaded when it is asked for, too
    public = {name for name, value in vars(module).items() if not name.startswith("_") and not inspect.ismodule(value)}
    public |= {name for name in module.__all__ if isinstance(vars(module)[name], types.ModuleType)}
    assert set(module.__all__) == public and module.__all__ == sorted(module.__all__)
    tree = ast.parse(inspect.getsource(module))
    assert {type(node) for node in tree.body} <= {ast.Expr, ast.Import, ast.ImportFrom, ast.Assign, ast.If}


def test_import_is_light() -> None:
    """`import tornado_alice` loads neither the dictionary nor the pi half, and nothing that only a server, a journal or
    a mistake needs: a cloud function starts cold."""
    heavy = ("pymorphy3", "pi_service", "sqlite_utils", "gmpy2", "asyncpg", "tornado", "prometheus_client")
    heavy += ("msgspec", "sqlite3", "uuid", "zoneinfo", "difflib")
    heavy += ("tornado_alice.journal.sqlite", "tornado_alice.diagnosis")
    code = f"import sys, tornado_alice; print([m for m in {heavy} if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "[]\n"


DRAWING = (ROOT / "docs" / "architecture.md").read_text("utf-8")


@pytest.mark.parametrize("package", FLOORS)
def test_the_floors_are_drawn(package: str) -> None:
    """docs/architecture.md draws the floors that are enforced here, the highest first."""
    lines = DRAWING.split(f"```floors {package}\n")[1].split("\n```")[0].splitlines()
    drawn = [re.split(r"\s{2,}", line)[0].split() for line in lines]  # behind two spaces stands a remark
    assert [sorted(names) for names in reversed(drawn)] == [sorted(names) for names in FLOORS[package]]


def test_the_files_of_the_drawing_exist() -> None:
    """Every file that docs/architecture.md names is there."""
    houses = [ROOT, *(ROOT / house for house in ("tornado_alice", "pi_service", "pi_service/engines"))]
    houses += [ROOT / "pi_service" / "arithmetic", ROOT / "tornado_alice" / "journal"]
    named = set(re.findall(r"[\w/]+\.(?:py|js)\b", DRAWING))
    assert len(named) > 20
    assert {name for name in named if not any((house / name).is_file() for house in houses)} == set()
