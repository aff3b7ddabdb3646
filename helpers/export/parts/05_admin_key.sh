# --- The only secret ------------------------------------------------------------------------------------------------

# It goes to curl through a pipe: never into an argument, a file, a trace or the environment of another program. What
# does not look like an Admin API key is never sent.
admin_key=${ANTHROPIC_ADMIN_KEY:-}
unset ANTHROPIC_ADMIN_KEY
case "$admin_key" in
  *[!A-Za-z0-9_-]*) admin_key='' ;;
  sk-ant-admin01-?*) ;;
  *) admin_key='' ;;
esac
