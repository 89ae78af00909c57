#!/usr/bin/env bash
# What the page costs: making and opening it with 10,000 findings, its size with 200 commands, scrolling a log of
# 50,000 lines in a real browser. Needs Chromium. With a FOLDER, pictures of the page go there: light, dark, phone, print.
# Usage: bench/page.sh [FOLDER]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
go test ./verdict/render -count=1 -v -run 'TestPageIsSmallAndQuick|TestBigPageOpensQuickly|TestLongLogScrollsSmoothly' | sed -n 's/^ *[a-z_]*_test\.go:[0-9]*: //p'
if (($#)); then go test ./cmd/verdict -count=1 -run TestPageOfARun -shots "$(realpath "$1")"; fi
