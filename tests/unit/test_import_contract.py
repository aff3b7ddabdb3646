"""The import contract names every module, so that a new one cannot slip past it."""

from __future__ import annotations

import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_every_module_is_named_in_the_import_contract() -> None:
    """The rehearsal cloud is forbidden to import each module of helpers but its own, and each but the commands it."""
    found = {path.stem for path in (ROOT / "helpers").glob("*.py")} - {"__init__"}
    found |= {path.parent.name for path in (ROOT / "helpers").glob("*/__init__.py")} - {"rehearsal"}
    modules = {f"helpers.{name}" for name in found}
    linter = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    contracts = {contract["name"]: contract for contract in linter["contracts"]}
    inward = contracts["The rehearsal cloud imports nothing from the rest of helpers"]
    outward = contracts["Only the commands start a rehearsal cloud"]
    assert set(inward["forbidden_modules"]) == modules
    assert set(outward["source_modules"]) == modules - {"helpers.cli", "helpers.cli_cloud", "helpers.cli_lab"}
