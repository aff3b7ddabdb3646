# --- 05: Claude Enterprise, by hand ---------------------------------------------------------------------------------

step "05 by hand"
say "Claude Enterprise: the key is added by hand, and this script cannot see whether it was."
say "In claude.ai: Organization settings, Data and privacy, Encryption keys, Add key, Azure."
say "The whole organization gets this one key. It can never be replaced or taken away."
say "Vault URI  $(pick "$vault" .properties.vaultUri)"
say "Key name   $KEY_NAME"
say "Tenant ID  $(pick "$vault" .properties.tenantId)"
