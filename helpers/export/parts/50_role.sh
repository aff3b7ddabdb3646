# --- 03: Key Vault Crypto User, at the key or at a vault that holds nothing else ------------------------------------

# The name of an assignment: uuid5 (URL name space) of scope|role|principal, so that a repeat is the same request.
assignment_name() {
  local hash
  hash=$({
    printf '\153\247\270\021\235\255\021\321\200\264\000\300\117\324\060\310'
    printf '%s%s' "$ASSIGNMENT_SEED" "$1"
  } | sha1)
  printf '%s-%s-5%s-%x%s-%s' "${hash:0:8}" "${hash:8:4}" "${hash:13:3}" "$(((16#${hash:16:1} & 3) | 8))" \
    "${hash:17:3}" "${hash:20:12}"
}

# What the principal holds at, above and below the vault. `grant` is the wanted one: this role, principal and scope.
read_assignments() {
  local held="$VAULT_URL/providers/Microsoft.Authorization/roleAssignments?api-version=2022-04-01"
  if ! arm_rows "$held&\$filter=principalId%20eq%20'$principal_id'"; then
    stop 4 "the role assignments could not be read: $err" "" \
      "Reading and assigning takes Role Based Access Control Administrator on the vault."
  fi
  assignments=$(printf '%s' "$rows" | jq -c --arg scope "$SCOPE" --arg role "$ROLE_ID" --arg who "$principal_id" '
    def low: ascii_downcase | ltrimstr("/") | rtrimstr("/");
    map(.properties + {name}
      | .wanted = ((.roleDefinitionId | split("/") | .[-1] | low) == ($role | low)
        and (.scope | low) == ($scope | low) and (.principalId | low) == $who))')
  grant=$(printf '%s' "$assignments" | jq -c 'map(select(.wanted and .condition == null)) | .[0] // empty')
  bound=$(pick "$assignments" 'map(select(.wanted and .condition != null)) | .[0].name')
}

# With the role at the vault, it must be proven to hold this key alone.
only_key() {
  [ "$ROLE_SCOPE" = vault ] || return 0
  # az leaves the keys of certificates out unless it is told not to, and the role would reach them too.
  if ! ask_az keyvault key list --vault-name="$VAULT_NAME" --include-managed=true; then
    stop 4 "what else the vault holds could not be read: $err" "" "Set role_scope: key, and export again."
  fi
  others=$(pick "$out" 'map(.kid | split("/") | .[-1] | select(ascii_downcase != ($key | ascii_downcase)))' \
    --arg key "$KEY_NAME")
  if [ -n "$others" ]; then
    stop 3 "the vault holds other keys: $others" "The role would reach them as well." \
      "Set role_scope: key, and export again."
  fi
}

step "03 role"
only_key
read_assignments
if [ -z "$grant" ] && [ -n "$bound" ]; then
  stop 3 "the role is assigned, but with a condition" \
    "A condition can keep Anthropic out, and Azure does not take a second assignment of the same role." \
    "Remove the assignment $bound, or its condition, then run this script again."
fi
if [ -z "$grant" ]; then
  about_to "assign $ROLE_NAME to object ID $principal_id at $SCOPE"
  # az may send this again after a lost answer: under the same name, so that it stays one assignment.
  started=$SECONDS
  until ask_az role assignment create --name="$(assignment_name "$principal_id")" --role="$ROLE_ID" \
    --scope="$SCOPE" --assignee-object-id="$principal_id" --assignee-principal-type=ServicePrincipal \
    --subscription="$SUBSCRIPTION_ID"; do
    failed=$err
    read_assignments
    [ -z "$grant" ] || break
    case "$failed" in *PrincipalNotFound*) ;; *) stop 1 "assigning the role failed: $failed" "" "$AGAIN" ;; esac
    if [ $((SECONDS - started)) -ge 600 ]; then
      stop 1 "after ten minutes Azure RBAC does not know the service principal yet" "" "Run this script again later."
    fi
    say "waiting for Azure RBAC to know the service principal"
    sleep "$pause"
  done
  read_assignments
  [ -n "$grant" ] || stop 4 "the new role assignment cannot be read yet" "" "Run this script again."
fi
say "keep: $ROLE_NAME is assigned at $(pick "$grant" '.scope') ($(pick "$grant" '.name'))"
broader=$(pick "$assignments" 'map(select(.wanted | not) | "\(.roleDefinitionId | split("/") | .[-1]) at \(.scope)")')
if [ -n "$broader" ]; then say "reported, not changed: more than Anthropic needs: role $broader"; fi
