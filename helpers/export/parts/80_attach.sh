# --- 05: the key attached to a workspace. For good ------------------------------------------------------------------

# Every workspace in $workspaces, archived ones too; the default one is that which is listed only when asked for.
list_workspaces() {
  local after='' pages=0
  rows='[]'
  while :; do
    admin_read "/v1/organizations/workspaces?limit=100&include_archived=true$1${after:+&after_id=$after}"
    add_rows
    pages=$((pages + 1))
    [ "$(pick "$body" .has_more)" = true ] || break
    after=$(pick "$body" '.last_id | strings | @uri')
    if [ -z "$after" ] || [ "$pages" -ge 400 ]; then
      stop 4 "the list of workspaces does not end" "" "Run this script again."
    fi
  done
  workspaces=$rows
}

# The workspace of the parameters, by id, or by name among those that are not archived, in $there; how many in $found.
read_workspaces() {
  local named
  list_workspaces ''
  named=$(printf '%s' "$workspaces" | jq -c 'map(.id)')
  list_workspaces '&include_default=true'
  there=$(printf '%s' "$workspaces" | jq -c '
    map(select(if $id != "" then .id == $id else .name == $name and .archived_at == null end)
      | .default = (.id as $one | $named | index([$one]) == null))' \
    --arg id "$WORKSPACE_ID" --arg name "$NEW_WORKSPACE" --argjson named "$named")
  found=$(pick "$there" length)
  holding=$(pick "$workspaces" 'map(select(.external_key_id == $key) | .id) | sort | join(" ")' --arg key "$ours")
  has_key=$(is_so "$there" 'length == 1 and .[0].external_key_id == $key' --arg key "$ours")
}

# Stops unless the workspace can take the key.
judge_workspace() {
  local why="A key can be attached once, to a live workspace without a user profile, and never replaced."
  if [ -n "$NEW_WORKSPACE" ]; then
    [ "$found" = 0 ] || stop 3 "V40 FAIL: a workspace named $NEW_WORKSPACE is there already, without this key" \
      "A second one of the same name would confuse everybody, and this one may hold data already." \
      "To attach the key to it, set workspace: {id: $(pick "$there" '.[0].id')} and export again; else name another."
    return
  fi
  if [ "$found" != 1 ]; then
    stop 3 "V40 FAIL: the workspace $WORKSPACE_ID is not there" "" "Check workspace in the parameters."
  fi
  local free='.[0] | .archived_at == null and .external_key_id == null and .user_profile_id == null'
  if [ "$(is_so "$there" "$free")" != yes ]; then
    stop 3 "V40 FAIL: the workspace is archived, or has another key or a user profile" "$why" \
      "Choose another workspace."
  fi
  if [ "$(pick "$there" '.[0].default | tostring')" != "$DEFAULT_WORKSPACE" ]; then
    stop 3 "V40 FAIL: whether it is the organization's default workspace is not as the parameters say" \
      "The default one can never be renamed or archived." \
      "Choose another one, or set workspace: {id: …, default: true}."
  fi
}

# What somebody who agrees relies on: who agrees to this text agrees to nothing else.
seen() {
  printf 'key version %s\nprincipal object ID %s\nexternal key %s\nworkspaces that have it %s\n' \
    "$key_version" "$principal_id" "$ours" "${holding:-none}"
}

# Stops unless somebody agreed to this very plan and to what was seen, by their digest.
agreed() {
  local wanted given
  wanted="$PLAN_DIGEST-$(seen | sha256 | cut -c1-12)"
  [ "${ATTACH_FOR_GOOD:-}" != "$wanted" ] || return 0
  given=${ATTACH_FOR_GOOD:+"ATTACH_FOR_GOOD is set to another text: it was for another plan, or something changed. "}
  stop 3 "approval missing: the key was not attached, and nothing permanent was done" \
    "${given}Attaching can never be undone." \
    "Whoever decides it reads the lines above. Then run this script again with ATTACH_FOR_GOOD=$wanted"
}

step "05 attach"
read_workspaces
if [ "$has_key" != yes ]; then
  judge_workspace
  what="encrypt ${WORKSPACE_ID:-a new workspace $NEW_WORKSPACE} of organization $ORGANIZATION_ID under $KEY_NAME"
  about_to "FOR GOOD: $what in $VAULT_URI. It can never be detached or replaced, and losing the key loses the data"
  seen
  if [ "$SIGNED_APPROVALS" = yes ]; then
    stop 3 "registered and validated; the key was not attached, and nothing permanent was done" \
      "The parameters pin who may approve it by signature, and a script cannot check a signature." \
      "python runbook.py run -f FILE, then python runbook.py approve RUN --sign SIGNER by each of them."
  fi
  agreed
  step "05 once more, immediately before attaching"
  look_again
  verify
  read_external_keys
  one_registration
  validate
  read_workspaces
fi
if [ "$has_key" != yes ]; then
  judge_workspace
  agreed
  if [ -n "$NEW_WORKSPACE" ]; then
    admin POST /v1/organizations/workspaces \
      "$(jq -cn --arg name "$NEW_WORKSPACE" --arg key "$ours" '{name: $name, external_key_id: $key}')"
  else
    admin POST "/v1/organizations/workspaces/$WORKSPACE_ID" "$(jq -cn --arg key "$ours" '{external_key_id: $key}')"
  fi
  failed='' before=$holding
  case "$status" in 2??) ;; *) failed=$(said) ;; esac
  read_workspaces
  new=$(pick "$workspaces" 'map(select(.external_key_id == $key) | .id) - ($before | split(" ")) | join(" ")' \
    --arg key "$ours" --arg before "$before")
  case "$new" in
    *' '*)
      stop 3 "more than one workspace was made with the key: $new" \
        "Another machine attaches it as well, and a key can never be detached." \
        "Use one of them, archive the others, and run this script on one machine only."
      ;;
  esac
  if [ "$has_key" != yes ]; then
    stop 1 "attaching the key failed: ${failed:-the workspace does not show it}" \
      "It was not sent a second time." "$AGAIN"
  fi
  say "done: attached, for good"
fi
read_external_keys
if [ "$(is_so "$external_keys" 'length == 1 and .[0].attachment.type == "attached"')" != yes ]; then
  stop 4 "V47 UNKNOWN: workspace and key do not show each other" "What the service holds counts." \
    "Look at the workspace in the Claude Console, then run this script again."
fi
say "keep: workspace $(pick "$there" '.[0].id') ($(plain "$(pick "$there" '.[0].name')")) has $ours"
