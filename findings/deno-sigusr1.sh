#!/usr/bin/env bash
# What does SIGUSR1 do to a program that Deno runs, and that listens for this signal itself?
#
# Seen with Deno 2.9.6 (npm): Deno opens its inspector at 127.0.0.1:9229, whether the program listens
# for the signal or not, and whatever it was permitted; one that listens is told as well. Deno 2.7.11
# does not: there the signal reaches a listener alone, and ends a program without one.
# Usage: deno-sigusr1.sh    (needs npm; exits with 1 when something else is seen)
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

cat > "$dir/listens.js" <<'JS'
Deno.addSignalListener("SIGUSR1", () => console.log("told"));
setInterval(() => {}, 1000);
console.log("runs");
JS
cat > "$dir/does_not.js" <<'JS'
setInterval(() => {}, 1000);
console.log("runs");
JS

changed=0
# expect WHAT WANTED SEEN
expect() {
  echo "  $1: $3"
  [ "$2" = "$3" ] || { echo "  CHANGED, it was: $2"; changed=1; }
}

# wait_for FILE PATTERN: up to 10 seconds
wait_for() {
  for _ in $(seq 100); do grep -q "$2" "$1" && return; sleep 0.1; done
}

for version in 2.7.11 2.9.6; do
  npm install --silent --prefix "$dir/$version" "deno@$version"
  deno=$(find "$dir/$version/node_modules/@deno" -type f -name deno)
  "$deno" --version | head -n 1
  # signal PROGRAM: what it says then, and how it fares
  signal() {
    local log=$dir/$version-$1.log pid after=runs
    NO_COLOR=1 "$deno" run --no-prompt "$dir/$1.js" > "$log" 2>&1 & pid=$!
    wait_for "$log" runs
    sleep 1 # Deno itself listens a moment later
    kill -USR1 "$pid"
    wait_for "$log" "Debugger listening\|told" || true
    sleep 1
    kill -0 "$pid" 2> /dev/null || after=ended
    kill "$pid" 2> /dev/null || true
    wait "$pid" 2> /dev/null || true
    local says=()
    grep -q told "$log" && says+=("listener told")
    grep -q "Debugger listening on ws://127.0.0.1:9229/" "$log" && says+=("inspector open")
    echo "${says[*]:-nothing}, $after"
  }
  case $version in
    2.7.11) listens="listener told, runs" does_not="nothing, ended" ;;
    2.9.6) listens="listener told inspector open, runs" does_not="inspector open, runs" ;;
  esac
  expect "a program that listens for SIGUSR1" "$listens" "$(signal listens)"
  expect "a program that does not" "$does_not" "$(signal does_not)"
done
exit "$changed"
