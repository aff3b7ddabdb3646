# Sourced by every job before its command (POSIX sh). It gives the command a CMEK_HOME on the node's own disk, and copies
# the run folders in it to the job's output once the command has ended, however it ended.
#
#   record     the output folder; nothing that is in it already is written again
#   before     a folder with the record so far, which is only read (optional)
#   approvals  a folder with approval files, which is only read (optional)
#
# Not CMEK_HOME="$record" itself: an output is a mount of blob storage, which does not promise what the ledger and the
# lock of a target rely on (append to a file, sync it, lock it).

set -e

CMEK_HOME=$(mktemp -d)
export CMEK_HOME
mkdir "$CMEK_HOME/runs" "$CMEK_HOME/approvals"

copy_new() {  # copy_new FROM INTO: each file of FROM that INTO does not have
    found=$(cd "$1" && find . -type f) || return 1
    printf '%s\n' "$found" | while IFS= read -r file; do
        if [ -n "$file" ] && [ ! -e "$2/$file" ]; then
            mkdir -p "$2/$(dirname "$file")" && cp "$1/$file" "$2/$file" || exit 1
        fi
    done
}

keep() {
    ended=$?
    trap - EXIT
    if ! copy_new "$CMEK_HOME/runs" "$record/runs"; then
        echo "The record could not be copied to the output. It is lost with this node: see what the command said." >&2
        [ "$ended" -ne 0 ] || ended=1
    fi
    exit "$ended"
}

if [ -n "${before:-}" ] && [ -d "$before/runs" ]; then copy_new "$before/runs" "$CMEK_HOME/runs"; fi
if [ -n "${approvals:-}" ]; then copy_new "$approvals" "$CMEK_HOME/approvals"; fi
chmod -R u+w "$CMEK_HOME"  # what came from a read-only input is read-only

trap keep EXIT
trap 'exit 143' TERM  # a cancelled job keeps its record too, if it is given the time
trap 'exit 130' INT
