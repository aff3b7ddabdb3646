# --- 02: the key, adopted if one is there, created if none is -------------------------------------------------------

read_key() {
  key=''
  if ask_az keyvault key show --vault-name="$VAULT_NAME" --name="$KEY_NAME"; then
    key=$out
    key_version=$(pick "$key" '.key.kid | split("/") | .[-1]')
    case "$key_version" in
      '' | *[!0-9a-f]*) stop 4 "the reply for the key names no version" "" "Run this script again." ;;
    esac
    return
  fi
  case "$err" in *'(KeyNotFound)'*) return ;; esac
  stop 4 "whether the key exists could not be read: $err" "Creating it on a guess could make a second version." \
    "Reading and creating keys takes Key Vault Crypto Officer on the vault."
}

# The size is counted from the modulus: 4 characters of base64 are 3 bytes, and its first bit must be set.
key_bits() {
  pick "$key" '.key.n | rtrimstr("==") | rtrimstr("=")
    | if test("^[g-z0-9+/]") then length * 6 / 8 | floor * 8 else 0 end'
}

# Whether the current version is enabled and within its dates, at the time $now.
key_usable() {
  [ "$(pick "$key" 'def at: sub("\\.[0-9]+"; "") | sub("\\+00:00$"; "Z") | fromdateiso8601;
    .attributes | (.enabled == true) and (.notBefore == null or (.notBefore | at) <= ($now | at))
    and (.expires == null or (.expires | at) > ($now | at))' --arg now "$now")" = true ]
}

# change_key WHAT BODY: one PATCH of the current version. A repeat changes nothing.
change_key() {
  about_to "$1"
  if ! ask_az rest --method patch --resource https://vault.azure.net --body "$2" \
    --url "$KEY_URL/$key_version?api-version=$KEY_API"; then
    stop 1 "the key could not be changed: $err" "" "$AGAIN"
  fi
}

step "02 key"
if [ "$KEY_TYPE" = RSA-HSM ] && [ "$(pick "$vault" '.properties.sku.name | ascii_downcase')" != premium ]; then
  stop 3 "an HSM-backed key needs a premium vault" "Azure refuses RSA-HSM in a standard vault." \
    "Set key_type: RSA, or use a premium vault, and export again."
fi
read_key
if [ -z "$key" ]; then
  if ask_az keyvault key show-deleted --vault-name="$VAULT_NAME" --name="$KEY_NAME"; then
    stop 3 "a soft-deleted key holds the name $KEY_NAME until $(pick "$out" '.scheduledPurgeDate')" \
      "Recovering it brings back the old key with its old versions." \
      "Recover it (az keyvault key recover), choose another key_name, or wait until then."
  fi
  about_to "create $KEY_TYPE $KEY_SIZE key $KEY_NAME, for wrapKey and unwrapKey only, tagged $TAG_NAME=$TAG_VALUE"
  # The guide's `az keyvault key create --kty … --size … --ops wrapKey unwrapKey --tags …` by `az rest`, which
  # sends one request and never repeats it, where the other tries again, and a repeat makes a second version.
  body=$(jq -cn --arg kty "$KEY_TYPE" --argjson size "$KEY_SIZE" --arg tag "$TAG_NAME" --arg value "$TAG_VALUE" \
    '{kty: $kty, key_size: $size, key_ops: ["wrapKey", "unwrapKey"], tags: {($tag): $value}}')
  failed=''
  ask_az rest --method post --resource https://vault.azure.net --body "$body" \
    --url "$KEY_URL/create?api-version=$KEY_API" || failed=$err
  read_key
  if [ -z "$key" ]; then
    stop 1 "creating the key $KEY_NAME failed: ${failed:-it cannot be read}" \
      "It was not sent a second time, because a second time could make a second version." "$AGAIN"
  fi
  # Another machine may have done the same: Key Vault refuses no second version, so they are listed after it.
  if ! ask_az keyvault key list-versions --vault-name="$VAULT_NAME" --name="$KEY_NAME"; then
    stop 4 "the key was created, and whether another machine made a version too could not be read: $err" "" \
      "See in the portal that there is one version only, then run this script again."
  fi
  if [ "$(pick "$out" 'length')" != 1 ]; then
    stop 3 "$(pick "$out" 'length') versions of $KEY_NAME are there: $(pick "$out" 'map(.kid | split("/") | .[-1])')" \
      "Another machine creates this key as well. Nothing is attached." \
      "Decide which one stays (the current one is $key_version), then run this on one machine only."
  fi
fi
if [ "$(pick "$key" '.key.kty')" != "$KEY_TYPE" ] || [ "$(key_bits)" != "$KEY_SIZE" ]; then
  stop 3 "the key is there as $(pick "$key" '.key.kty') $(key_bits), and $KEY_TYPE $KEY_SIZE is wanted" \
    "Type and size of a key cannot be changed." "Choose another key_name, or a key that fits. No new version is made."
fi
lacking=$(pick "$key" '["wrapKey", "unwrapKey"] - .key.keyOps')
if [ -n "$lacking" ]; then
  stop 3 "the key does not permit $lacking" "Widening a key is not this script's decision." \
    "Permit wrapKey and unwrapKey on the current version, or choose another key_name."
fi
if ! key_usable; then
  stop 3 "the current version of the key is disabled or outside its dates" \
    "A disabled or expired key locks Anthropic out of the data encrypted under it." \
    "Find out who disabled it or set its dates; enable the version, or choose another key_name."
fi
if [ "$(pick "$key" '(.tags // {}) + {($tag): ""} | length' --arg tag "$TAG_NAME")" -gt "$MOST_TAGS" ]; then
  stop 3 "there is no room for the organization tag" "Key Vault holds at most $MOST_TAGS tags on a key version." \
    "Remove a tag that is not needed, then run this script again."
fi
if [ "$(pick "$key" '.tags[$tag]?' --arg tag "$TAG_NAME")" != "$TAG_VALUE" ]; then
  # Key Vault replaces all tags of a version at once, so the new one is sent with those that are there.
  merged=$(printf '%s' "$key" | jq -c --arg tag "$TAG_NAME" --arg value "$TAG_VALUE" \
    '{tags: ((.tags // {}) + {($tag): $value})}')
  change_key "set the tag $TAG_NAME=$TAG_VALUE on version $key_version, beside the tags it has" "$merged"
fi
extra=$(pick "$key" '.key.keyOps - ["wrapKey", "unwrapKey"]')
if [ -n "$extra" ]; then
  change_key "take $extra away from version $key_version" '{"key_ops":["wrapKey","unwrapKey"]}'
fi
read_key
say "keep: $KEY_NAME version $key_version, $KEY_TYPE $KEY_SIZE, wrapKey and unwrapKey, tagged $TAG_NAME"
