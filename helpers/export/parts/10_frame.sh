# --- How this script speaks, stops and asks -------------------------------------------------------------------------

say() { printf '%s\n' "$*"; }

step() { printf '\n== %s\n' "$*"; }

# What a service or a person wrote, without characters that could move a cursor.
plain() { printf '%s' "$1" | LC_ALL=C tr '\n\t' '  ' | LC_ALL=C tr -d '\000-\037\177' | LC_ALL=C cut -c1-600; }

# stop CODE WHAT WHY NEXT. Never called in $(...), where exit would end the inner shell only.
stop() {
  {
    printf '\nSTOPPED: %s\n' "$(plain "$2")"
    if [ -n "$3" ]; then printf 'Why it matters: %s\n' "$(plain "$3")"; fi
    printf 'Next: %s\n' "$(plain "$4")"
  } >&2
  exit "$1"
}

# Said before every change. With --plan the script ends at the first one.
about_to() {
  say "change: $1"
  if [ "$plan_only" = yes ]; then
    say "This is the first change that is needed. Nothing was changed, as --plan was given."
    exit 2
  fi
}

plan_only=no
case "$#:${1:-}" in
  0:) ;;
  1:--plan) plan_only=yes ;;
  *) stop 64 "this script takes no argument but --plan, which stops before the first change" "" "Run it again so." ;;
esac

AGAIN="Mend what the message names, then run this script again: it starts by looking, and goes on from what is there."
pause=${PAUSE_SECONDS:-15}          # seconds between two looks while something is waited for
wait_at_most=${WAIT_AT_MOST:-1500}  # a new role can take twenty minutes to count in the vault
case "$pause$wait_at_most" in
  *[!0-9]*) stop 64 "PAUSE_SECONDS or WAIT_AT_MOST is not a whole number" "" "Correct it, or unset it." ;;
esac

for tool in az curl jq tr cut sed date mktemp; do
  if ! command -v "$tool" >/dev/null 2>&1; then
    stop 64 "$tool is not installed" "" \
      "Install az (Azure CLI), curl 7.55 or newer and jq; the rest comes with the system."
  fi
done
if command -v sha1sum >/dev/null 2>&1; then
  sha1() { sha1sum | cut -c1-40; }
  sha256() { sha256sum | cut -c1-64; }
elif command -v shasum >/dev/null 2>&1; then
  sha1() { shasum -a 1 | cut -c1-40; }
  sha256() { shasum -a 256 | cut -c1-64; }
else
  stop 64 "neither sha1sum nor shasum is installed" "The role assignment is named by a hash." "Install coreutils."
fi

umask 077
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
trap 'printf "\nInterrupted. Run it again: it starts by looking.\n" >&2; exit 130' INT TERM HUP

# Never asks, never installs, says errors only. The variables are for this script's own az alone.
export AZURE_CORE_ONLY_SHOW_ERRORS=1 AZURE_CORE_NO_COLOR=1 AZURE_EXTENSION_USE_DYNAMIC_INSTALL=no

# ask_az ARGUMENTS: what az printed is in $out, what it complained of in $err; returns az's exit code.
ask_az() {
  local code=0
  out=$(az "$@" --output json </dev/null 2>"$scratch/err") || code=$?
  err=$(plain "$(cat "$scratch/err")")
  return "$code"
}

# pick JSON FILTER [ARGUMENTS]: what jq finds in it, as text; null and false are the empty text.
pick() {
  local json=$1 filter=$2
  shift 2
  printf '%s' "$json" | jq -r "$@" "($filter) // \"\" | if type == \"array\" then join(\", \") else . end"
}

# arm_rows URL: every row of a list of Azure Resource Manager, all pages, as one JSON array in $rows. Fails with $err.
arm_rows() {
  local url=$1 pages=0
  rows='[]'
  while [ -n "$url" ]; do
    pages=$((pages + 1))
    case "$pages:$url" in
      401:*) err="more than 400 pages" && return 1 ;;
      *:https://management.azure.com/*) ;;
      *) err="the next page is on another host" && return 1 ;;
    esac
    ask_az rest --method get --url "$url" || return 1
    if ! rows=$(printf '%s\n%s' "$rows" "$out" | jq -cs '.[0] + (.[1].value | arrays // error)' 2>/dev/null); then
      err="the reply is not a list"
      return 1
    fi
    url=$(pick "$out" '.nextLink')
  done
}
