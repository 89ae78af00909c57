#!/usr/bin/env bash
# What collecting costs, against the thing itself in turns, so that what else the machine does slows both:
#   a tracker with one `true` against bash; output, digest and all, against cat; go test under verdict against
#   go test -json and gotestsum; a work tree with 50,000 ignored or untracked files against one without.
# Figures are medians of ROUNDS turns (default 9). SIZE is the output in bytes (default 2 GiB; 10737418240 for ten).
# Usage: [ROUNDS=9] [SIZE=2147483648] [ONLY="true steps output go files"] bench/collect.sh [FOLDER for scratch files]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
rounds=${ROUNDS:-9} size=${SIZE:-2147483648} only=${ONLY:-true steps output go files}
scratch=$(mktemp -d "${1:-/tmp}/verdict-bench.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
CGO_ENABLED=0 go build -trimpath -o "$scratch/verdict" ./cmd/verdict # as it is released
export GIT_CONFIG_GLOBAL=/dev/null GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.com GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.com
TIMEFORMAT='%R %U %S'

exec 3>&2
# once COMMAND...: wall and CPU in milliseconds, of all its processes
once() { { time "$@" >/dev/null 2>&1 || echo "exit status $?: $*" >&3; } 2>&1 | awk '{ printf "%.1f %.1f\n", $1 * 1000, ($2 + $3) * 1000 }'; }
# median N: the middle one of column N of the lines
median() { awk -v n="$1" '{ print $n }' | sort -n | awk '{ x[NR] = $1 } END { print x[int((NR + 1) / 2)] }'; }
# turns N NAME...: N times each command of the array of that name, in turns; into files of that name
turns() {
  local n=$1 i name; shift
  for name; do : >"$scratch/$name.times"; done
  for ((i = 0; i < n; i++)); do
    for name; do
      local -n turn=$name
      rm -rf "$scratch"/*/.verdict
      once "${turn[@]}" >>"$scratch/$name.times"
    done
  done
}
wall() { median 1 <"$scratch/$1.times"; }
cpu() { median 2 <"$scratch/$1.times"; }
calc() { awk "BEGIN { printf \"$1\", $2 }"; }
asked() { [[ " $only " == *" $1 "* ]]; }

# repo COMMAND...: a repository whose tracker requires the commands
repo() {
  rm -rf "$scratch/repo"; mkdir "$scratch/repo"; cd "$scratch/repo"; git init -q -b main .
  {
    printf '# Progress\n\n## Packet Board\n\n| Packet | Title | Status | Implementer | Reviewer | Review State |\n|---|---|---|---|---|---|\n'
    printf '| AB-00 | Base | DONE | Ada | Grace | APPROVED |\n\n## AB-00 Checklist: Base\n\n- [x] It is there.\n\n### Required Tests\n\n'
    for c in "$@"; do printf -- '- [x] `%s` -> exit 0\n' "$c"; done
  } >progress.md
  git add -A; git commit -q -m start
}
run() { cd "$scratch/$1"; "$scratch/verdict" run -q progress.md; }
verdict=(run repo)

if asked true; then
  shell=(bash -c true)
  repo true
  turns $((3 * rounds)) verdict shell
  one=$(cpu verdict)
  echo "a tracker with one true: $(calc %.1f "$one - $(cpu shell)") ms of CPU more than bash -c true (verdict $one, wall $(wall verdict); bash $(cpu shell), wall $(wall shell))"
  mapfile -t many < <(seq -f 'true %g' 20)
  repo "${many[@]}"
  turns "$rounds" verdict
  echo "one more command: $(calc %.2f "($(cpu verdict) - $one) / 19") ms of CPU"
fi

if asked steps; then
  lines='/bin/true; /bin/true' steps=/bin/true; for _ in $(seq 40); do steps="$steps; /bin/true"; done
  shell=(bash -c "$steps")
  repo "$lines"; mv "$scratch/repo" "$scratch/two"; repo "$steps"
  few=(run two)
  turns "$rounds" verdict few shell
  echo "one more step in a line: $(calc %.2f "($(cpu verdict) - $(cpu few)) / 39") ms of CPU; in bash $(calc %.2f "$(cpu shell) / 41") ms"
  rm -rf "$scratch/two"
fi

if asked output; then
  printf 'exec yes verdict | head -c "$1"\n' >"$scratch/lines.sh"                 # text
  printf 'exec head -c "$1" /dev/zero | tr "\\0" x\n' >"$scratch/one-line.sh"     # no line has an end
  for kind in lines one-line; do
    line="bash $scratch/$kind.sh $size"
    shell=(bash -c "$line | cat >$scratch/out")
    repo "$line"
    turns $(((rounds + 2) / 3)) verdict shell
    rm -rf .verdict; peak=$( { /usr/bin/env time -f %M "$scratch/verdict" run -q progress.md >/dev/null; } 2>&1 | tail -n 1 || echo '?')
    want=$(sha256sum "$scratch/out" | cut -d ' ' -f 1); rm "$scratch/out"
    digest=wrong; grep -q "\"sha256\": \"$want\"" .verdict/runs/*/bundle.json && digest=right
    echo "$size bytes of output, $kind: verdict $(wall verdict) ms, cat > file $(wall shell) ms, ratio $(calc %.2f "$(wall verdict) / $(wall shell)"); CPU $(cpu verdict) and $(cpu shell) ms;" \
      "peak memory of verdict $peak KiB; kept $(wc -c <.verdict/runs/*/logs/001.log) bytes, digest $digest: $(grep -ao '… verdict cut.*' .verdict/runs/*/logs/001.log || true)"
  done
fi

if asked go; then
  repo 'go test ./... -count=1'
  printf 'module example.com/m\n\ngo 1.22\n' >go.mod
  for i in $(seq 50); do
    mkdir "p$i"
    printf 'package p%d\n\nimport "testing"\n\nfunc TestA(t *testing.T) {\n\tfor i := 0; i < 100; i++ {\n\t\tt.Run("x", func(t *testing.T) { t.Log(i) })\n\t}\n}\n' "$i" >"p$i/a_test.go"
  done
  git add -A; git commit -q -m tests
  go test ./... >/dev/null # compile once
  json=(go test -json -count=1 ./...) sum=("$scratch/gotestsum" -- -count=1 ./...) names=(verdict json)
  if GOBIN="$scratch" go install gotest.tools/gotestsum@latest 2>/dev/null; then names+=(sum); fi
  turns "$rounds" "${names[@]}"
  for name in "${names[@]:1}"; do
    echo "go test of 50 packages: verdict $(wall verdict) ms, CPU $(cpu verdict); ${!name} ${name/sum/} $(wall "$name") ms, CPU $(cpu "$name"); ratio $(calc %.3f "$(wall verdict) / $(wall "$name")"), of CPU $(calc %.3f "$(cpu verdict) / $(cpu "$name")")"
  done
  [[ ${#names[@]} == 3 ]] || echo "gotestsum could not be installed (go install gotest.tools/gotestsum@latest): not compared"
fi

if asked files; then
  for dir in plain ignored untracked; do
    repo true
    printf '/node_modules/\n' >.gitignore; git add -A; git commit -q -m ignore
    if [[ $dir != plain ]]; then
      at=node_modules; [[ $dir == ignored ]] || at=packages
      for i in $(seq 50); do mkdir -p "$at/d$i"; (cd "$at/d$i" && seq 1000 | xargs touch); done
    fi
    mv "$scratch/repo" "$scratch/$dir"
  done
  plain=(run plain) ignored=(run ignored) untracked=(run untracked)
  turns $((2 * rounds)) plain ignored untracked
  echo "50,000 ignored files: CPU $(cpu ignored) ms against $(cpu plain) ms without, ratio $(calc %.2f "$(cpu ignored) / $(cpu plain)"); untracked: $(cpu untracked) ms"
fi
