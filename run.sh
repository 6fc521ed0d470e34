#!/usr/bin/env bash
# Starts the server: ./run.sh, or ./run.sh serve --urls … --data … --Auth:Mode=None. Builds when needed, then becomes the server,
# so that signals reach it.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out="$here/artifacts/server"
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

if ! command -v dotnet >/dev/null; then
    echo "syncline: the .NET 10 SDK is needed (https://dot.net); 'dotnet' is not on the PATH" >&2
    exit 1
fi

# The binding to SQLite uses the system's library, which a bare Debian may lack.
has_sqlite() {
    for library in /usr/lib/*/libsqlite3.so* /usr/lib*/libsqlite3.so* /lib/*/libsqlite3.so*; do
        [ -e "$library" ] && return
    done
    return 1
}
if [ "$(uname)" = Linux ] && ! has_sqlite; then
    if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
        echo "syncline: installing libsqlite3-0" >&2
        { apt-get update -qq && apt-get install -y -qq libsqlite3-0; } >&2
    else
        echo "syncline: the system's SQLite library is needed (Debian: apt-get install libsqlite3-0)" >&2
        exit 1
    fi
fi

# Newer source than the last build means a new build.
if [ ! -f "$out/syncline.dll" ] || [ -n "$(find "$here/src" "$here"/Directory.*.props -name obj -prune -o -name bin -prune -o -type f -newer "$out/syncline.dll" -print -quit)" ]; then
    echo "syncline: building" >&2
    dotnet publish "$here/src/Syncline.Server" -c Release -o "$out" -v quiet --nologo >&2
    touch "$out/syncline.dll"
fi

if [ $# -eq 0 ]; then
    set -- serve
fi
exec dotnet "$out/syncline.dll" "$@"
