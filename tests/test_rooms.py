"""The table of rooms in ARCHITECTURE.md: who imports whom, what each must not know, what the core may import."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "docrerank"


def read_rows() -> list[tuple[str, str, str]]:
    """Every room with its budget of lines and what it must not know, from the top of the table down."""
    pattern = r"^\| `(\w+)` \|[^|]*\| ([\d,]+) \|([^|]*)\|$"
    return re.findall(pattern, (ROOT / "ARCHITECTURE.md").read_text("utf-8"), re.MULTILINE)


def count_lines(room: str) -> int:
    return sum(path.read_text("utf-8").count("\n") for path in (SOURCE / room).rglob("*.py"))


def find_imports() -> dict[str, set[str]]:
    """Room to the rooms it imports, anywhere in its files."""
    found: dict[str, set[str]] = {}
    for path in SOURCE.rglob("*.py"):
        here = path.relative_to(SOURCE).parts[0].removesuffix(".py")
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            for module in list_modules(node):
                there = module.split(".")[1]
                found.setdefault(here, set()).update({there} - {here})
    return found


def list_modules(node: ast.AST) -> list[str]:
    if isinstance(node, ast.ImportFrom):
        return [node.module] if node.module and node.module.startswith("docrerank.") else []
    return (
        [name.name for name in node.names if name.name.startswith("docrerank.")]
        if isinstance(node, ast.Import)
        else []
    )


def reach(room: str, imports: dict[str, set[str]]) -> set[str]:
    """Every room that a room imports, itself or through others."""
    seen: set[str] = set()
    waiting = [room]
    while waiting:
        fresh = imports.get(waiting.pop(), set()) - seen
        seen |= fresh
        waiting.extend(fresh)
    return seen


TABLE = {room: set(re.findall(r"`(\w+)`", unknown)) for room, _, unknown in read_rows()}
BUDGETS = {room: int(lines.replace(",", "")) for room, lines, _ in read_rows()}
IMPORTS = find_imports()


def test_the_table_names_every_room_and_no_other() -> None:
    packages = {path.parent.name for path in SOURCE.glob("*/__init__.py")}
    assert set(TABLE) == packages
    assert set().union(*TABLE.values()) <= packages


def test_every_import_goes_up_the_table() -> None:
    order = list(TABLE)
    wrong = [
        (here, there) for here in order for there in IMPORTS.get(here, ()) if order.index(there) >= order.index(here)
    ]
    assert not wrong


def test_no_room_knows_what_it_must_not_know() -> None:
    assert not {room: found for room, unknown in TABLE.items() if (found := reach(room, IMPORTS) & unknown)}


def test_no_room_is_over_its_budget_of_lines() -> None:
    counted = {room: count_lines(room) for room in BUDGETS}
    assert not {room: f"{lines} of {BUDGETS[room]}" for room, lines in counted.items() if lines > BUDGETS[room]}


def test_the_reading_of_imports_sees_every_kind() -> None:
    code = "import docrerank.chat.client\nfrom docrerank.pages import Page\nfrom docrerank import records\nimport os"
    nodes = ast.walk(ast.parse(code))
    assert [module for node in nodes for module in list_modules(node)] == ["docrerank.chat.client", "docrerank.pages"]
    assert not re.search(r"from docrerank import", "".join(path.read_text("utf-8") for path in SOURCE.rglob("*.py")))


def test_the_core_and_the_command_line_start_without_torch() -> None:
    code = "import sys, docrerank.cli, docrerank.pages, docrerank.queries; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
