# --- 04: every check that blocks, on what Azure holds now -----------------------------------------------------------

# Whether somebody accepted that a check does not pass, until a day that is not over. Only some can be accepted.
accepted() {
  local row
  for row in $ACCEPTED; do
    if [ "${row%%:*}" = "$1" ] && [[ "${row#*:}" > "${now%%T*}" ]]; then return 0; fi
  done
  return 1
}

# verdict ID TITLE yes|no|unknown SEEN MEND
verdict() {
  case "$3" in
    yes) say "$1 pass: $2" ;;
    *)
      if accepted "$1"; then
        say "$1 accepted: $2 ($(plain "$4"))"
      elif [ "$3" = no ]; then
        failures="$failures $1" mends="$mends $1: $5"
        say "$1 FAIL: $2. Seen: $(plain "$4"). $5"
      else
        unknowns="$unknowns $1" doubts="$doubts $1: $(plain "$4"). $5"
        say "$1 UNKNOWN: $2. $(plain "$4"). $5"
      fi
      ;;
  esac
}

# yes where jq finds it true, else no.
is_so() { [ "$(pick "$@")" = true ] && printf yes || printf no; }

# yes, no or unknown: whether the network rules let every range in, by arithmetic and not by their text.
lets_in() {
  pick "$vault" '
    def address: split(".") | map(tonumber) | .[0] * 16777216 + .[1] * 65536 + .[2] * 256 + .[3];
    def span: if test("^[0-9]{1,3}(\\.[0-9]{1,3}){3}(/[0-9]{1,2})?$") then . else error("no range") end
      | split("/") | pow(2; 32 - (.[1] // "32" | tonumber)) as $size
      | (.[0] | address / $size | floor * $size) as $first | [$first, $first + $size];
    .properties.networkAcls
    | if . == null or (.defaultAction // "" | ascii_downcase) == "allow" then "yes"
      elif (.defaultAction // "" | ascii_downcase) != "deny" then "unknown"
      else ((.ipRules // []) | map(.value | span) | sort) as $let
        | if ($ranges | split(" ") | map(span) | all(. as $wanted
            | $wanted[1] <= reduce $let[] as $one ($wanted[0];
                if $one[0] <= . and $one[1] > . then $one[1] else . end)))
          then "yes" else "no" end
      end' --arg ranges "$EGRESS_RANGES" 2>/dev/null || printf unknown
}

# Deny assignments that keep the principal, a group it is in or everybody from reading, wrapping or unwrapping.
check_denials() {
  local about groups='[]' denying
  local title="No deny assignment stands against it" above="atScope()"
  local held="$KEY_RESOURCE/providers/Microsoft.Authorization/denyAssignments?api-version=2022-04-01"
  if ! arm_rows "$held&\$filter=$above"; then
    verdict V33b "$title" unknown "$err" "Give this identity Reader on the vault."
    return
  fi
  about=$(printf '%s' "$rows" | jq -c '
    def hits($action): any(.[]; ("^" + (ascii_downcase | gsub("\\."; "\\.") | gsub("\\*"; ".*")) + "$") as $pattern
      | $action | test($pattern));
    def denied($action): any(.permissions[]; ((.dataActions // []) | hits($action))
      and ((.notDataActions // []) | hits($action) | not));
    map(.properties | select(denied("microsoft.keyvault/vaults/keys/read")
      or denied("microsoft.keyvault/vaults/keys/wrap/action")
      or denied("microsoft.keyvault/vaults/keys/unwrap/action")))')
  if [ "$about" != '[]' ]; then
    if ! ask_az rest --url "https://graph.microsoft.com/v1.0/servicePrincipals/$principal_id/transitiveMemberOf"; then
      verdict V33b "$title" unknown "its groups: $err" "It takes reading the directory."
      return
    fi
    groups=$(printf '%s' "$out" | jq -c '[.value[].id | ascii_downcase]')
    if [ -n "$(pick "$out" '."@odata.nextLink"')" ]; then
      verdict V33b "$title" unknown "it is in too many groups" "Run python runbook.py check."
      return
    fi
  fi
  denying=$(pick "$about" '
    ([$who] + $groups) as $meant
    | map(select(
        ([.principals[].id | ascii_downcase] - ($meant + ["00000000-0000-0000-0000-000000000000"]) | length)
          < (.principals | length)
        and ([(.excludePrincipals // [])[].id | ascii_downcase] - $meant | length)
          == (.excludePrincipals // [] | length))
      | .denyAssignmentName)' --arg who "$principal_id" --argjson groups "$groups")
  if [ -z "$denying" ]; then
    verdict V33b "$title" yes "" ""
  else
    verdict V33b "$title" no "$denying" "Ask the owner of what made it."
  fi
}

# Key use must be logged to a destination that is there: Key Vault writes no audit log unless it is told to.
check_log() {
  local title="Key use is logged to a destination that is there" sinks sink version state=none seen=''
  local mend="Send AuditEvent somewhere: az monitor diagnostic-settings create, or 04_verify with remediate."
  if ! arm_rows "$VAULT_URL/providers/Microsoft.Insights/diagnosticSettings?api-version=2021-05-01-preview"; then
    verdict V35 "$title" unknown "$err" "Give this identity Reader on the vault."
    return
  fi
  sinks=$(printf '%s' "$rows" | jq -r '[.[].properties
    | select(any(.logs[]?; .enabled == true and ((.category // "" | ascii_downcase) == "auditevent"
        or (.categoryGroup // "" | ascii_downcase) == "audit" or (.categoryGroup // "" | ascii_downcase) == "alllogs")))
    | .workspaceId, .storageAccountId, .eventHubAuthorizationRuleId, .marketplacePartnerId | strings]
    | unique | .[] | @uri')
  for sink in $sinks; do
    sink=$(printf '%s' "$sink" | sed 's/%2F/\//g')
    case "$(printf '%s' "$sink" | tr '[:upper:]' '[:lower:]')" in
      */microsoft.operationalinsights/workspaces/*) version=2022-10-01 ;;
      */microsoft.storage/storageaccounts/*) version=2023-01-01 ;;
      */microsoft.eventhub/namespaces/*) version=2021-11-01 ;;
      *) state=unknown seen="$seen $sink is no kind of destination that can be looked at." && continue ;;
    esac
    if ask_az rest --method get --url "https://management.azure.com$sink?api-version=$version"; then
      case "$(pick "$out" '.properties.provisioningState // "" | ascii_downcase')" in
        deleting | deleted | failed | canceled) seen="$seen $sink does not work any more." ;;
        *) state=works && break ;;
      esac
    else
      case "$err" in
        *'"ResourceNotFound"'* | *'"ResourceGroupNotFound"'* | *'"NotFound"'*) seen="$seen $sink is not there." ;;
        *) state=unknown seen="$seen $err" ;;
      esac
    fi
  done
  case "$state" in
    works) verdict V35 "$title" yes "" "" ;;
    unknown) verdict V35 "$title" unknown "$seen" "Give this identity Reader on the destination." ;;
    *) verdict V35 "$title" no "${seen:-no setting sends AuditEvent anywhere}" "$mend" ;;
  esac
}

# Everything that the checks judge and the steps read, read again.
look_again() {
  read_vault
  read_principal
  judge_principal
  read_key
  only_key
  read_assignments
}

verify() {
  failures='' unknowns='' mends='' doubts=''
  local properties='.properties |' state has_role=no
  verdict V02 "The vault is the one named" \
    "$(is_so "$vault" '(.id | ascii_downcase) == ($id | ascii_downcase)' --arg id "$VAULT_ID")" \
    "$(pick "$vault" .id)" "Check vault_name, resource_group and subscription_id."
  verdict V04 "Its address is in the public Azure cloud" \
    "$(is_so "$vault" '(.properties.vaultUri | ascii_downcase | rtrimstr("/")) + "/" == $uri' --arg uri "$VAULT_URI")" \
    "$(pick "$vault" .properties.vaultUri)" "Only a vault of the public Azure cloud can be registered."
  verdict V05 "Azure RBAC is on" "$(is_so "$vault" "$properties .enableRbacAuthorization == true")" "not true" \
    "Switch the vault to Azure RBAC; plan it, as access policies stop counting."
  verdict V06 "Purge protection is on" "$(is_so "$vault" "$properties .enablePurgeProtection == true")" "not true" \
    "Run 04_verify with remediate: [purge_protection]. It can never be switched off again."
  verdict V07 "Soft delete is on" "$(is_so "$vault" "$properties .enableSoftDelete == true")" "not true" \
    "Switch soft delete on; it cannot be switched off again."
  verdict V08 "Public network access is enabled" \
    "$(is_so "$vault" "$properties (.publicNetworkAccess // \"\" | ascii_downcase) == \"enabled\"")" \
    "$(pick "$vault" "$properties .publicNetworkAccess")" "az keyvault update --public-network-access Enabled"
  verdict V09 "The network rules let Anthropic in" "$(lets_in)" "$(pick "$vault" "$properties .networkAcls | tojson")" \
    "az keyvault network-rule add --ip-address $EGRESS_RANGES, or 04_verify with remediate: [network_rules]"
  state=no
  [ -z "$key" ] || state=yes
  verdict V21 "The key exists" "$state" "no key" "Run this script again."
  if [ "$state" = yes ]; then
    verdict V22 "Its type is right" "$(is_so "$key" '.key.kty == $kty' --arg kty "$KEY_TYPE")" \
      "$(pick "$key" .key.kty)" "Choose another key_name."
    state=no
    [ "$(key_bits)" -lt 3072 ] || state=yes
    verdict V23 "It is large enough" "$state" "$(key_bits) bits" "Choose another key_name."
    verdict V24 "It permits wrapKey and unwrapKey" "$(is_so "$key" '["wrapKey", "unwrapKey"] - .key.keyOps == []')" \
      "$(pick "$key" .key.keyOps)" "Permit wrapKey and unwrapKey on the current version."
    state=no
    ! key_usable || state=yes
    verdict V25 "Its current version can be used now" "$state" "disabled or outside its dates" \
      "Enable it, or mend its dates."
    verdict V30 "It carries the organization tag" \
      "$(is_so "$key" '.tags[$tag]? == $value' --arg tag "$TAG_NAME" --arg value "$TAG_VALUE")" "no $TAG_NAME" \
      "Run this script again: it sets the tag."
    if ask_az keyvault key list-versions --vault-name="$VAULT_NAME" --name="$KEY_NAME"; then
      verdict V28 "Every version is enabled" "$(is_so "$out" 'length > 0 and all(.attributes.enabled == true)')" \
        "one is not" "Enable it: once a key is attached, data stays encrypted under older versions."
    else
      verdict V28 "Every version is enabled" unknown "$err" "Key Vault Reader on the vault is enough."
    fi
  fi
  [ -z "$grant" ] || has_role=yes
  verdict V31 "It has $ROLE_NAME where it is wanted" "$has_role" "no such role" \
    "Run this script again: it assigns the role."
  if [ -n "$grant" ]; then
    verdict V32 "The grant is to that service principal, without a condition" \
      "$(is_so "$grant" '(.principalType // "" | ascii_downcase) == "serviceprincipal"')" "another type of principal" \
      "Remove the assignment and run this script again."
  fi
  check_denials
  check_log
  if [ -n "$failures" ]; then
    stop 3 "blocking checks do not pass:$failures" "Whoever attaches a key that fails them may lose data." "$mends"
  fi
  if [ -n "$unknowns" ]; then
    stop 4 "blocking checks could not be made:$unknowns" "Unknown is not a pass.$doubts" "Mend it, and run this again."
  fi
}

step "04 verify"
verify
