"""Key Vault keys, data plane.

Over HTTP: `ROUTES`. From inside the cloud, such as a vendor's call to its customer's vault: `perform`, which applies
exactly the same rules.

    perform(world, request_host, operation, key_name, version, caller, address, payload) -> Response

- `request_host`: the vault's host, "kv-contoso-claude.vault.azure.net".
- `operation`: one of `OPERATIONS`, such as "GetKey", "wrapKey", "unwrapKey".
- `version`: the 32 hex digits, or None for the newest version.
- `caller`: who calls, with the tenant its token would be from; `address`: where the call comes from.
- `payload`: the request's JSON body, or for the list operations its query.

Raises WireError with the reply Key Vault would give: 502 for a vault that does not exist, 401, 403, 404, 409 and so on.
"""

from helpers.rehearsal.vault.operations import OPERATIONS, perform
from helpers.rehearsal.vault.routes import ROUTES

__all__ = ["OPERATIONS", "ROUTES", "perform"]
