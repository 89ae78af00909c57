#!/usr/bin/env bash
# What collecting costs, as ratios against the thing itself in the same run:
#   one `true` under verdict against bash; 2 GB of output, digest and all, against cat; go test under
#   verdict against go test -json and gotestsum; a work tree with 50,000 ignored files against one without.
# Usage: bench/collect.sh [FOLDER for scratch files]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
scratch=$(mktemp -d "${1:-/tmp}/verdict-bench.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
CGO_ENABLED=0 go build -trimpath -o "$scratch/verdict" ./cmd/verdict # as it is released
export GIT_CONFIG_GLOBAL=/dev/null GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.com GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.com
TIMEFORMAT='%R %U %S'

# once COMMAND...: wall and CPU seconds; median: of such lines, their middle one
once() { { time "$@" >/dev/null 2>&1; } 2>&1 | awk '{print $1, $2 + $3}'; }
median() { sort -n | awk '{ line[NR] = $0 } END { print line[int((NR + 1) / 2)] }'; }
measure() {
  local n=$1 i; shift
  for ((i = 0; i < n; i++)); do once "$@"; done | median
}
ratio() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", (b > 0 ? a / b : 0) }'; }
# repo COMMAND...: a repository whose policy requires the commands
repo() {
  rm -rf "$scratch/repo"; mkdir "$scratch/repo"; cd "$scratch/repo"; git init -q -b main .
  { echo 'version: 1'; echo 'commands:'; echo '  required:'; for c in "$@"; do echo "    - run: '$c'"; done; } >verdict.yaml
  git add -A; git commit -q -m start
}
run() { rm -rf .verdict; "$scratch/verdict" run -q; }

repo true
read -r wall cpu < <(measure 15 run); read -r _ base < <(measure 15 bash -c true)
echo "one true: verdict $(awk -v c="$cpu" 'BEGIN{printf "%.1f", c*1000}') ms of CPU, bash -c true $(awk -v c="$base" 'BEGIN{printf "%.1f", c*1000}') ms"
for i in $(seq 20); do echo "true $i"; done >"$scratch/list"
mapfile -t many <"$scratch/list"
repo "${many[@]}"
read -r wall cpu20 < <(measure 5 run)
echo "one more command: $(awk -v a="$cpu20" -v b="$cpu" 'BEGIN{printf "%.1f", (a-b)/19*1000}') ms of CPU"

steps=/bin/true; for _ in $(seq 40); do steps="$steps; /bin/true"; done
repo '/bin/true; /bin/true'
read -r _ few < <(measure 9 run)
repo "$steps"
read -r _ lots < <(measure 9 run); read -r _ base < <(measure 9 bash -c "$steps")
echo "one more step in a line: $(awk -v a="$lots" -v b="$few" 'BEGIN{printf "%.2f", (a-b)/39*1000}') ms of CPU; in bash $(awk -v c="$base" 'BEGIN{printf "%.2f", c/41*1000}') ms"

repo 'yes verdict | head -c 2147483648'
read -r wall _ < <(measure 3 run); read -r cat _ < <(measure 3 bash -c "yes verdict | head -c 2147483648 | cat > $scratch/out")
rm -rf .verdict; peak=$( { /usr/bin/env time -f %M "$scratch/verdict" run -q >/dev/null; } 2>&1 | tail -n 1 || echo '?')
echo "2 GB of output: verdict ${wall}s, cat > file ${cat}s, ratio $(ratio "$wall" "$cat"); peak memory of verdict ${peak} KiB"

repo 'go test ./... -count=1'
printf 'module example.com/m\n\ngo 1.22\n' >go.mod
for i in $(seq 50); do
  mkdir "p$i"
  printf 'package p%d\n\nimport "testing"\n\nfunc TestA(t *testing.T) {\n\tfor i := 0; i < 100; i++ {\n\t\tt.Run("x", func(t *testing.T) { t.Log(i) })\n\t}\n}\n' "$i" >"p$i/a_test.go"
done
git add -A; git commit -q -m tests
go vet ./... # compile once
sums=yes; GOBIN="$scratch" go install gotest.tools/gotestsum@latest 2>/dev/null || sums=
for _ in $(seq 7); do # in turns: what else the machine does slows all of them
  once run >>"$scratch/run.times"
  once go test -json -count=1 ./... >>"$scratch/json.times"
  if [[ $sums ]]; then once "$scratch/gotestsum" -- -count=1 ./... >>"$scratch/sum.times"; fi
done
read -r wall cpu < <(median <"$scratch/run.times"); read -r plain base < <(median <"$scratch/json.times")
echo "go test of 50 packages: verdict ${wall}s, go test -json ${plain}s, ratio $(ratio "$wall" "$plain"), of CPU $(ratio "$cpu" "$base")"
if [[ $sums ]]; then
  read -r sum base < <(median <"$scratch/sum.times")
  echo "the same under gotestsum: ${sum}s, ratio of verdict to it $(ratio "$wall" "$sum"), of CPU $(ratio "$cpu" "$base")"
else
  echo "gotestsum could not be installed (go install gotest.tools/gotestsum@latest): not compared"
fi

repo true
read -r wall few < <(measure 9 run)
echo 'node_modules/' >.gitignore; git add -A; git commit -q -m ignore
for i in $(seq 50); do mkdir -p "node_modules/d$i"; (cd "node_modules/d$i" && seq 1000 | xargs touch); done
read -r wall lots < <(measure 9 run)
echo "50,000 ignored files: ratio of CPU $(ratio "$lots" "$few")"
