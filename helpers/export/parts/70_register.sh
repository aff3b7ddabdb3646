# --- 05: the external key at Anthropic, and Anthropic's own validation of it ----------------------------------------

# admin METHOD PATH [BODY]: one request, never repeated. $status is the HTTP status or 000, $body the reply.
admin() {
  local reply
  reply=$(
    printf 'x-api-key: %s\n' "$admin_key" | curl -q --silent --show-error --proto '=https' --max-time 60 \
      --request "$1" --header @- --header "anthropic-version: $ADMIN_VERSION" \
      --header 'content-type: application/json' ${3+--data-binary "$3"} --write-out '\n%{http_code}' \
      "$ADMIN_API$2" 2>"$scratch/err"
  ) || true
  status=${reply##*$'\n'} body=${reply%$'\n'*}
  case "$status" in [0-9][0-9][0-9]) ;; *) status=000 ;; esac
}

# What the Admin API said, in one line, with its request id.
said() {
  local told
  told=$(pick "$body" '"\(.error.details.error_code? // .error.type): \(.error.message) (request id \(.request_id))"' \
    2>/dev/null || cat "$scratch/err")
  plain "$status ${told:-no usable answer}"
}

# admin_read PATH: a read that has to succeed with a JSON object.
admin_read() {
  admin GET "$1"
  if [ "$status" != 200 ] || ! printf '%s' "$body" | jq -e 'type == "object"' >/dev/null 2>&1; then
    stop 4 "the Admin API could not be read: $(said)" "Without it nothing is registered or attached." "$AGAIN"
  fi
}

# add_rows: the rows of the reply are added to $rows; anything that is no list stops the script.
add_rows() {
  if ! rows=$(printf '%s\n%s' "$rows" "$body" | jq -cs '.[0] + (.[1].data | arrays // error)' 2>/dev/null); then
    stop 4 "the reply of the Admin API is not a list" "" "Run this script again."
  fi
}

# Every external key in $external_keys; those for this vault, key and tenant in $ours, by their ids.
read_external_keys() {
  local page='' pages=0
  rows='[]'
  while :; do
    admin_read "/v1/organizations/external_keys?limit=100${page:+&page=$page}"
    add_rows
    page=$(pick "$body" '.next_page | strings | @uri')
    pages=$((pages + 1))
    [ -n "$page" ] || break
    [ "$pages" -lt 400 ] || stop 4 "there are more than 400 pages of external keys" "" "Ask Anthropic."
  done
  external_keys=$(printf '%s' "$rows" | jq -c --arg uri "$VAULT_URI" --arg key "$KEY_NAME" --arg tenant "$TENANT_ID" '
    def low: ascii_downcase | rtrimstr("/");
    map(select(.provider_config | .type == "azure" and (.vault_uri | low) == ($uri | low)
      and (.key_name | ascii_downcase) == ($key | ascii_downcase) and (.tenant_id | low) == ($tenant | low)))')
  ours=$(pick "$external_keys" 'map(select(.provider_config.client_id == null) | .id) | join(" ")')
  foreign=$(pick "$external_keys" 'map(select(.provider_config.client_id != null)) | .[0]
    | if . then "\(.id) for the application \(.provider_config.client_id)" else "" end')
  if [ -n "$foreign" ]; then
    stop 3 "the key is registered for another application: $foreign" \
      "Whoever holds that application could use the key through Anthropic." \
      "Find out who registered it, and remove it or choose another key."
  fi
}

one_registration() {
  case "$ours" in
    *' '*)
      stop 3 "more than one external key is registered for this vault, key and tenant: $ours" \
        "Attaching one of them on a guess could not be undone." "Remove all but one, then run this script again."
      ;;
    *[!A-Za-z0-9_]*) stop 4 "the Admin API gave an id that is none" "" "Run this script again." ;;
  esac
}

# Anthropic uses the key, now. HTTP 200 is not success: the word in the body is. A new role may need minutes.
validate() {
  local started=$SECONDS answer
  while :; do
    admin POST "/v1/organizations/external_keys/$ours/validate" ''
    case "$status" in
      200)
        if [ "$(pick "$body" '.status' 2>/dev/null || true)" = success ]; then
          say "V46 pass: Anthropic validated $ours just now"
          return
        fi
        answer="Anthropic says: $(plain "$(pick "$body" '.error' 2>/dev/null || true)")"
        ;;
      429) answer="$(said)" ;;
      *) stop 4 "the validation gave no answer: $(said)" "Only Anthropic can prove its access." "Run this again." ;;
    esac
    if [ $((SECONDS - started)) -ge "$wait_at_most" ]; then
      stop 3 "V46 FAIL: Anthropic could not use the key. $answer" "Nothing is attached." \
        "Mend what Anthropic names. If it is the role, and it is young, run this script again later."
    fi
    say "waiting for Anthropic's validation. $answer"
    sleep "$pause"
  done
}

step "05 register"
if [ -z "$admin_key" ]; then
  stop 64 "ANTHROPIC_ADMIN_KEY does not hold an Admin API key (sk-ant-admin01-…)" \
    "The Admin API key registers the key and attaches it." \
    "An organization admin makes one in the Claude Console under Settings, Admin keys. Put it into that variable."
fi
admin_read /v1/organizations/me
if [ "$(pick "$body" .id)" != "$ORGANIZATION_ID" ]; then
  stop 3 "the Admin API key belongs to organization $(pick "$body" .id), not to $ORGANIZATION_ID" \
    "The key would be registered in the wrong organization." \
    "Use an Admin API key of this organization, or correct organization_id and export again."
fi
read_external_keys
one_registration
if [ -z "$ours" ]; then
  about_to "register $KEY_NAME in $VAULT_URI (tenant $TENANT_ID) as external key $EXTERNAL_KEY_NAME"
  admin POST /v1/organizations/external_keys "$(jq -cn --arg name "$EXTERNAL_KEY_NAME" --arg uri "$VAULT_URI" \
    --arg key "$KEY_NAME" --arg tenant "$TENANT_ID" '{display_name: $name,
      provider_config: {type: "azure", vault_uri: $uri, key_name: $key, tenant_id: $tenant}}')"
  failed=''
  case "$status" in 2??) ;; *) failed=$(said) ;; esac
  # After a clear answer and after an unclear one alike: listed, for the service refuses no second registration.
  read_external_keys
  one_registration
  if [ -z "$ours" ]; then
    stop 1 "registering the external key failed: ${failed:-it cannot be read}" \
      "It was not sent a second time, because a second time could make a second one." "$AGAIN"
  fi
fi
say "keep: external key $ours is registered for this vault, key and tenant"
validate
