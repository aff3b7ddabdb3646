# --- 01: the service principal of the published application ---------------------------------------------------------

# The vault first: its tenant is the tenant of everything that follows.
read_vault() {
  if ! ask_az keyvault show --name="$VAULT_NAME" --resource-group="$RESOURCE_GROUP" \
    --subscription="$SUBSCRIPTION_ID"; then
    case "$err" in
      *'(ResourceNotFound)'* | *'(ResourceGroupNotFound)'*)
        stop 3 "the vault is not there" "This script does not create it." \
          "Check vault_name, resource_group and subscription_id in the parameters, and export again."
        ;;
    esac
    stop 4 "the vault could not be read: $err" "Its tenant decides where everything happens." "Reader on it is enough."
  fi
  vault=$out
  if [ "$(pick "$vault" '.properties.tenantId | ascii_downcase')" != "$TENANT_ID" ]; then
    stop 3 "the vault belongs to tenant $(pick "$vault" '.properties.tenantId'), not to $TENANT_ID" \
      "Consent in the wrong directory does not reach the vault." \
      "Set tenant_id to the vault's tenant, and export again."
  fi
}

read_principal() {
  if ! ask_az ad sp list --filter "appId eq '$APP_ID'"; then
    stop 4 "whether the service principal exists could not be read: $err" "" \
      "Reading it takes Application.Read.All or a directory reader role."
  fi
  principals=$out
  principal_id=$(pick "$principals" '.[0].id | ascii_downcase?')
}

judge_principal() {
  if [ "$(pick "$principals" 'length')" != 1 ]; then
    stop 4 "$(pick "$principals" 'length') service principals answer to the published app ID" \
      "None of them is known to be the right one." "Ask a directory administrator."
  fi
  local name owner
  name=$(pick "$principals" '.[0].displayName')
  owner=$(pick "$principals" '.[0].appOwnerOrganizationId | ascii_downcase?')
  if [ "$name" != "$APP_NAME" ] || [ "$(pick "$principals" '.[0].appId | ascii_downcase')" != "$APP_ID" ]; then
    stop 3 "a service principal is there, but it is not the published app's: $name" \
      "A look-alike with access to the key could read the data of the company." \
      "Do not go on. Ask a directory administrator who created it."
  fi
  if [ -n "$EXPECTED_OWNER_TENANT" ] && [ "$owner" != "$EXPECTED_OWNER_TENANT" ]; then
    stop 3 "the app belongs to $owner, not to $EXPECTED_OWNER_TENANT" "It may be a look-alike." \
      "Ask Anthropic for its tenant ID through a channel you trust."
  fi
  if [ "$(pick "$principals" '.[0].accountEnabled')" != true ]; then
    stop 3 "the service principal is not enabled" "Anthropic could not sign in, and the key could not be used." \
      "A directory administrator enables it under Enterprise applications, Properties."
  fi
  say "keep: $APP_NAME is there and enabled: object ID $principal_id, owner organization $owner"
}

step "01 consent"
read_vault
read_principal
if [ "$(pick "$principals" 'length')" = 0 ]; then
  about_to "create the service principal of $APP_NAME (app ID $APP_ID)"
  # One request. It cannot be made twice: an app ID is unique in a tenant, and a second one is refused.
  ask_az ad sp create --id="$APP_ID" || failed=$err
  started=$SECONDS
  while read_principal && [ "$(pick "$principals" 'length')" = 0 ]; do
    if [ -n "${failed:-}" ] || [ $((SECONDS - started)) -ge 120 ]; then
      stop 1 "creating the service principal failed: ${failed:-it cannot be read}" \
        "Without it in this tenant, Anthropic cannot reach the key." \
        "It takes Application Administrator, Cloud Application Administrator or an equivalent role. Run this again."
    fi
    say "waiting for the service principal to be readable"
    sleep "$pause"
  done
fi
judge_principal
