# --- Which cloud this is, and who is signed in ----------------------------------------------------------------------

# A rehearsal cloud answers for a name that no real network has. A script for Azure refuses one, and one for a rehearsal
# wants it.
proxy=${https_proxy:-${HTTPS_PROXY:-${http_proxy:-${HTTP_PROXY:-}}}}
rehearsal='' now=$(date -u +%Y-%m-%dT%H:%M:%SZ)
if [ -n "$proxy" ]; then
  answer=$(http_proxy=$proxy curl -q --silent --max-time 5 --noproxy '' http://rehearsal.invalid/ || true)
  rehearsal=$(printf '%s' "$answer" | jq -r '.rehearsal // "" | strings' 2>/dev/null || true)
fi
if [ "$CLOUD" = azure ] && [ -n "$rehearsal" ]; then
  stop 1 "this script is for Azure, and the rehearsal $rehearsal answers here" \
    "A real onboarding must not be mistaken for one that happened in a rehearsal." \
    "Start again in a shell outside the rehearsal."
fi
if [ "$CLOUD" = rehearsal ]; then
  if [ -z "$rehearsal" ]; then
    stop 1 "this script is for a rehearsal, and no rehearsal cloud answers here" \
      "Without one its requests could reach the real cloud. None was sent." \
      "Run it inside one: python runbook.py cloud exec -- bash THIS_SCRIPT"
  fi
  authority=$(printf '%s' "$answer" | jq -r '.ca_sha256 // "" | strings')
  now=$(printf '%s' "$answer" | jq -r '.now | sub("\\.[0-9]+"; "")')
  for bundle in "${CURL_CA_BUNDLE:-}" "${REQUESTS_CA_BUNDLE:-}"; do
    if [ "$(grep -c -e '-----BEGIN ' "$bundle" 2>/dev/null || true)" != 1 ] ||
      [ "$(sed '/-----/d' "$bundle" | base64 -d | sha256)" != "$authority" ]; then
      stop 1 "$rehearsal answers here, and its certificate authority is not the only one trusted" \
        "It is not known to be the rehearsal cloud, so nothing is sent to it." \
        "Run this inside one: python runbook.py cloud exec -- bash THIS_SCRIPT"
    fi
  done
  say "REHEARSAL: $rehearsal. Nothing here is real."
fi

if ! ask_az account show; then
  stop 1 "the Azure CLI is not signed in: $err" "" "az login --tenant $TENANT_ID"
fi
account=$out
if [ "$(pick "$account" '.environmentName')" != AzureCloud ]; then
  stop 3 "the Azure CLI is set to another cloud than the public one" "Only there can a key be registered." \
    "az cloud set --name AzureCloud, then sign in again."
fi
if [ "$(pick "$account" '.tenantId | ascii_downcase')" != "$TENANT_ID" ]; then
  stop 3 "the Azure CLI works in tenant $(pick "$account" '.tenantId'), not in $TENANT_ID" \
    "Consent in the wrong directory does not reach the vault." \
    "az login --tenant $TENANT_ID, then az account set --subscription $SUBSCRIPTION_ID"
fi
say "Signed in as $(plain "$(pick "$account" '.user.name')"), tenant $TENANT_ID."
