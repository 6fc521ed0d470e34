#!/usr/bin/env bash
# Runs all tests. Installs what they need where it is missing (Debian's packages, npm packages); starts its own servers and stops them by
# process id. Ends with the line "N passed, N failed".
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 MSBUILDDISABLENODEREUSE=1
log=$(mktemp)
simulated=$(mktemp)
trap 'rm -f "$log" "$simulated"' EXIT

need() { # command, Debian package
    command -v "$1" >/dev/null && return
    if ! command -v apt-get >/dev/null; then
        echo "test.sh: '$1' is needed (Debian: $2)" >&2
        exit 1
    fi
    echo "== installing $2"
    [ -n "${updated:-}" ] || { apt-get update -qq; updated=1; }
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$2" >/dev/null
}

command -v dotnet >/dev/null || { echo "test.sh: the .NET 10 SDK is needed" >&2; exit 1; }
need node nodejs
need npm npm
need sqlite3 sqlite3
need flock util-linux
need chromium chromium

echo "== build: warnings are errors"
dotnet build Syncline.slnx -v quiet

echo "== format"
dotnet format Syncline.slnx --verify-no-changes --no-restore

echo "== .NET tests"
status=0
dotnet test Syncline.slnx --no-build --blame-hang-timeout 5m 2>&1 | tee "$log" || status=$?

echo "== the simulation: seeds, and the bugs that it must find"
simulate() { # what it runs
    dotnet run --no-build --project tests/Syncline.Simulation -- "$@" 2>&1 | tee "$simulated" || status=$?
    # Its last line is "N passed, N failed".
    sed -nE 's/^([0-9]+) passed, ([0-9]+) failed$/Passed: \1\nFailed: \2/p' "$simulated" >>"$log"
}
simulate --from 1 --count 200
simulate --bugs

echo "== the program, as run.sh builds it"
./run.sh --version >/dev/null

echo "== real RepTree peers"
(cd samples/folder && npm ci --no-audit --no-fund --loglevel=error)
(cd tests/peers && npm ci --no-audit --no-fund --loglevel=error && npm test) 2>&1 | tee -a "$log" || status=$?

echo "== real Socket.IO clients, from Node.js and from a page"
(cd samples/Chat && npm ci --no-audit --no-fund --loglevel=error)
(cd tests/socketio-clients && npm ci --no-audit --no-fund --loglevel=error && npm test) 2>&1 | tee -a "$log" || status=$?

passed=$(($(grep -oE 'Passed: +[0-9]+' "$log" | grep -oE '[0-9]+' | paste -sd+ -) + $(grep -oE '^(#|ℹ) pass [0-9]+' "$log" | grep -oE '[0-9]+' | paste -sd+ -)))
failed=$(($(grep -oE 'Failed: +[0-9]+' "$log" | grep -oE '[0-9]+' | paste -sd+ -) + $(grep -oE '^(#|ℹ) fail [0-9]+' "$log" | grep -oE '[0-9]+' | paste -sd+ -)))
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ] || status=1
echo "$passed passed, $failed failed"
exit "$status"
