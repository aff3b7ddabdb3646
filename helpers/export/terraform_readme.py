"""The page beside an exported Terraform configuration: what is in it, what is not, and where this suite goes on."""

from __future__ import annotations

from helpers.display import plain
from helpers.export.terraform_imports import There
from helpers.parameters import Parameters

_HEAD = """# Terraform for the Azure part

Made by `python runbook.py export terraform`, for the key `{key}` in the vault `{vault}`{rehearsal}.

**No provider was run to make or check this.** It was parsed, and its argument names were held against HashiCorp's
bindings of azurerm 4.55.0 and azuread 3.7.0 (December 2025). Read `terraform plan` before you apply it.

## What is in it

| step of this suite | resource |
|---|---|
| 01 consent | `azuread_service_principal.anthropic`: one that is there is adopted, none is made twice |
| 02 key | `azurerm_key_vault_key.claude`: type, size, operations, organization tag |
| 03 role | `azurerm_role_assignment.anthropic`, at the {scope}, under the name this suite gives it |
| 04, parts of it | postconditions on the vault{log}, a lock against deletion |

{vault_is}

Everything has `prevent_destroy`. {imports}

## How to apply it

Sign in with the rights of 01, 02 and 03 (the notebooks name them); the role assignment also needs the key to be
readable. Then `terraform init`, `terraform plan -out plan`, read the plan, `terraform apply plan`.
The first apply can fail where a new role of yours has not reached the vault yet: apply again.

## What is not in it, and where to go on

There is no Terraform provider of Anthropic's own. Registering, validating and attaching the key are this suite's:

{going_on}
Attaching can never be undone, so it stays with a person. 04 makes every check there is, of which the postconditions
are a few.
"""


def text(parameters: Parameters, there: There, *, with_vault: bool) -> str:
    """The whole page."""
    imported = any(there.blocks(with_vault=with_vault))
    return _HEAD.format(
        key=plain(parameters.key_name),
        vault=plain(parameters.vault_name),
        rehearsal=" (a rehearsal: the ids are made up)" if parameters.cloud == "rehearsal" else "",
        scope=parameters.role_scope,
        log=", a diagnostic setting" if parameters.log_destination else "",
        vault_is=_MANAGED if with_vault else _LOOKED_UP,
        imports=_IMPORTED if imported else _NOT_IMPORTED,
        going_on=_ENTERPRISE if parameters.product == "claude_enterprise" else _PLATFORM,
    )


_MANAGED = (
    "The vault is managed too (`--with-vault`). Purge protection is for good: unless it is on already, Terraform asks "
    "for\nthe vault's name to be typed into `purge_protection_for_good`. Leave out nothing of a vault that others use."
)
_LOOKED_UP = "The vault is looked up, not managed; `--with-vault` exports it as a resource."
_IMPORTED = "`imports.tf` takes over what was there when this was made; remove\nit once it was applied."
_NOT_IMPORTED = (
    "There are no import blocks in it: where something of it is in the cloud\nalready, export with `--import`."
)
_PLATFORM = """```
python runbook.py plan -f FILE               # must keep 01 to 03
python runbook.py run -f FILE --step 04      # every check
python runbook.py run -f FILE --step 05      # register, validate; stops before attaching, for an approval
```
"""
_ENTERPRISE = """```
python runbook.py plan -f FILE               # must keep 01 to 03
python runbook.py run -f FILE --step 04      # every check
python runbook.py run -f FILE --step 05      # shows what to enter in claude.ai by hand
```
"""
