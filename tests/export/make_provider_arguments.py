"""Makes provider_arguments.json again: `python tests/export/make_provider_arguments.py WHEEL_OF_AZURERM WHEEL_OF_AZUREAD`.

    pip download --no-deps -d /tmp cdktf-cdktf-provider-azurerm cdktf-cdktf-provider-azuread

The wheels are the bindings that HashiCorp generated from the schema of each provider. They are read as text, never
imported. HashiCorp stopped publishing them on 2025-12-10: the schemas are those of azurerm 4.55.0 and azuread 3.7.0.
"""

from __future__ import annotations

import ast
import json
import re
import sys
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

FIXTURE = Path(__file__).with_name("provider_arguments.json")
USED = {
    "azurerm": {
        "azurerm": "provider",
        "azurerm_key_vault": "key_vault",
        "azurerm_key_vault_key": "key_vault_key",
        "azurerm_role_assignment": "role_assignment",
        "azurerm_monitor_diagnostic_setting": "monitor_diagnostic_setting",
        "azurerm_management_lock": "management_lock",
        "data.azurerm_key_vault": "data_azurerm_key_vault",
    },
    "azuread": {"azuread": "provider", "azuread_service_principal": "service_principal"},
}
META = {"connection", "count", "depends_on", "for_each", "lifecycle", "provider", "provisioners", "id_"}
VERSION = re.compile(r"bindings for hashicorp/\w+ provider version ([\d.]+)")


def main(wheels: list[str]) -> None:
    made: dict[str, Any] = {"made_on": datetime.now(UTC).date().isoformat(), "made_by": Path(__file__).name}
    made |= {"providers": {}, "types": {}}
    for (provider, used), wheel in zip(USED.items(), map(Path, wheels), strict=True):
        with zipfile.ZipFile(wheel) as archive:
            names = archive.namelist()
            metadata = archive.read(next(name for name in names if name.endswith("/METADATA"))).decode()
            version = VERSION.search(metadata)
            assert version, wheel
            made["providers"][provider] = {"version": version[1], "package": wheel.name}
            for shown, module in used.items():
                text = archive.read(f"cdktf_cdktf_provider_{provider}/{module}/__init__.py").decode()
                made["types"][shown] = described(ast.parse(text), text)
    FIXTURE.write_text(json.dumps(made, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def described(module: ast.Module, text: str) -> dict[str, Any]:
    """Arguments with whether each is required, blocks below, and what can be read of it."""
    classes = {node.name: node for node in module.body if isinstance(node, ast.ClassDef)}
    top = next(
        node
        for node in classes.values()
        if _bases(node) & {"TerraformResource", "TerraformDataSource"} or ("TerraformProvider" in _bases(node))
    )
    types = _member_types(classes[f"{top.name}Config"])
    return {**_arguments(top, types, classes), "attributes": sorted(_readable(top))}


def _arguments(node: ast.ClassDef, types: dict[str, str], classes: dict[str, ast.ClassDef]) -> dict[str, Any]:
    init = next(f for f in node.body if isinstance(f, ast.FunctionDef) and f.name == "__init__")
    pairs = list(zip(init.args.kwonlyargs, init.args.kw_defaults, strict=True))
    named = {argument.arg: default is None for argument, default in pairs if argument.arg not in META}
    blocks = {}
    for name in named:
        inner = classes.get(types.get(name, ""))
        if inner is not None:
            blocks[name] = _arguments(inner, _member_types(inner), classes)
    return {
        "required": sorted(name for name, required in named.items() if required),
        "optional": sorted(name for name, required in named.items() if not required),
        "blocks": blocks,
    }


def _member_types(node: ast.ClassDef) -> dict[str, str]:
    """Which class of the module an argument takes, by the annotations of the constructor."""
    found = {}
    init = next(f for f in node.body if isinstance(f, ast.FunctionDef) and f.name == "__init__")
    for argument in init.args.kwonlyargs:
        for name in re.findall(r"""["'](\w+)["']""", ast.unparse(argument.annotation) if argument.annotation else ""):
            found[argument.arg] = name
    return found


def _readable(node: ast.ClassDef) -> set[str]:
    """Its attributes: properties that the provider fills in or that were given, by their names in Terraform."""
    rows = [f for f in node.body if isinstance(f, ast.FunctionDef)]
    return {
        f.name
        for f in rows
        if any(ast.unparse(d) == "builtins.property" for d in f.decorator_list) and not f.name.endswith("_input")
    }


def _bases(node: ast.ClassDef) -> set[str]:
    return {ast.unparse(base).rpartition(".")[2] for base in node.bases}


if __name__ == "__main__":
    main(sys.argv[1:])
