#!/usr/bin/env bash
# Runs the benchmarks of one area, ours and the peers' in the same run, and prints a Markdown table with ratios:
# ./bench/run.sh AREA [quick] [only=case,case]. Without an area, lists them. Installs the peers (npm) and builds when needed.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
[ -d "$here/peers/node_modules" ] || (cd "$here/peers" && npm ci --no-audit --no-fund --loglevel=error >&2)
dotnet build "$here/Syncline.Bench" -c Release -v quiet --nologo >&2
ulimit -n "$(ulimit -Hn)"
exec dotnet "$here/Syncline.Bench/bin/Release/net10.0/Syncline.Bench.dll" "$@"
