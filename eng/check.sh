#!/usr/bin/env bash
# The one command before a change goes in: format, build without warnings, all tests. Ends with "N passed, N failed, N skipped".
set -euo pipefail
cd "$(dirname "$0")/.."
source eng/packages.sh
packages_install "$(packages_onednn)" dataset-fashion-mnist bible-kjv-text espeak-ng openmpi-bin

export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
failed=0 format=""

dotnet restore Dunlin.slnx -v q
# Code style is checked by the build; what is left for the formatter is white space.
dotnet format whitespace Dunlin.slnx --no-restore --verify-no-changes || format="; white space differs, run: dotnet format whitespace Dunlin.slnx"
dotnet build Dunlin.slnx -c Release --no-restore -v q -nologo -warnaserror

results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT
# One project after the other: their threads would disturb each other's time-outs.
for project in tests/*/*.csproj; do
    name=$(basename "$project" .csproj)
    echo "== $name"
    dotnet test "$project" -c Release --no-build -v q -nologo --logger "trx;LogFileName=$name.trx" --results-directory "$results" || failed=1
    # A project that crashed before it reported counts as failed, not as absent.
    [ -s "$results/$name.trx" ] || { echo "$name gave no result."; failed=1; }
done

sum() { cat "$results"/*.trx 2>/dev/null | grep -o "<Counters [^>]*" | grep -o " $1=\"[0-9]*\"" | tr -dc '0-9\n' | awk '{ n += $1 } END { print n + 0 }'; }
total=$(sum total) passed=$(sum passed) executed=$(sum executed)
wrong=$((executed - passed))
[ "$wrong" -eq 0 ] && [ "$failed" -eq 0 ] && [ -z "$format" ] && [ "$passed" -gt 0 ] && code=0 || code=1
[ "$code" -eq 0 ] || echo "FAILED: $([ "$wrong" -eq 0 ] && [ "$failed" -eq 0 ] && echo "all tests passed" || echo "see above")$format"
echo "$passed passed, $wrong failed, $((total - executed)) skipped"
exit $code
