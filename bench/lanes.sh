#!/usr/bin/env bash
# A run of a tracker's required commands against the same lines one after the other in a shell, on the demo's
# repository (Go, vitest and tsc; needs npm): lanes side by side, equal commands once.
# Usage: bench/lanes.sh [FOLDER for scratch files]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
scratch=$(mktemp -d "${1:-/tmp}/verdict-bench.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
go build -o "$scratch/verdict" ./cmd/verdict
"$scratch/verdict" demo --dir "$scratch/repo" >/dev/null 2>&1
cd "$scratch/repo"
# the boxes whose text is a command, as the tracker lists them
sed -n 's/^- \[.\] `\(.*\)` -> exit 0.*/( \1 )/p' docs/progress.md >"$scratch/lines"
TIMEFORMAT='%R'
median() { local i; for i in 1 2 3 4 5; do { time "$@" >/dev/null 2>&1; } 2>&1; done | sort -n | sed -n 3p; }
shell=$(median bash "$scratch/lines")
run=$(median "$scratch/verdict" run -q docs/progress.md)
echo "$(wc -l <"$scratch/lines") required lines: verdict ${run}s, one after the other ${shell}s, ratio $(awk -v a="$run" -v b="$shell" 'BEGIN { printf "%.2f", a / b }')"
