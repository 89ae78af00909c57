package plan

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// kept are texts that end with a failure whenever the check f does.
var kept = []string{
	"f", "f || exit $?", "f || exit", "f; exit $?", "f; exit", "f; rc=$?; exit $rc", "f; rc=$?; echo done; exit \"$rc\"", "f; rc=$?; rm -f log; [ $rc -eq 0 ]", "f; rc=$?; (exit $rc)", "f > log 2>&1; rc=$?; echo x; exit ${rc}", "f; rc=$?; (( rc == 0 ))",
	"for i in 1 2; do f || exit 1; done", "for i in 1 2; do f || exit $?; done; echo done", "for i in 1 2; do f $i || { echo bad; exit 1; }; done", "for i in 1 2; do if ! f; then exit 1; fi; done", "for i in 1 2; do (cd . && f) || exit 1; done",
	"while read l; do f || exit 1; done < x.txt; f", "rc=0; for i in 1 2; do f || rc=1; done; exit $rc", "rc=0; for i in 1 2; do (f) || rc=$?; done; exit $rc", "rc=0\nf || rc=1\nf || rc=1\nexit $rc", "rc=0; for i in 1 2; do if ! f; then rc=1; fi; done; exit $rc", "rc=0; for i in 1; do if f; then :; else rc=$?; fi; done; exit $rc",
	"set -e; for i in 1 2; do f; done", "set -e; for i in 1 2; do f; echo; done; echo", "set -euo pipefail; f | cat; echo", "set -e; (f; echo); echo", "set -e; { f; echo; }; echo", "set -e; true && f; echo", "set -e; if true; then f; echo; fi; echo", "bash -ec 'f; echo'", "bash -euo pipefail -c 'f | cat; echo'", "bash -c 'set -e; f; echo'", "set -e; bash -c f; echo", "set -e; g() { f; echo; }; g; echo",
	"if ! f; then exit 1; fi", "if ! f; then echo bad; exit 1; fi; echo fine", "if f; then echo fine; else exit 1; fi", "if f; then :; else echo bad; false; fi", "if ! f; then exit 2; else echo fine; fi; echo", "f; if [ $? -ne 0 ]; then exit 1; fi; echo", "f; [ $? -ne 0 ] && exit 1; echo", "f; [ $? -eq 0 ] || exit 1; echo", "f; test $? = 0", "f; [ $? -eq 0 ]",
	"f && echo fine || exit 1", "f || { rc=$?; echo bad; exit $rc; }", "f || { echo bad; false; }", "f || (echo bad; exit 1)", "g() { f; }; g", "g() { f || return 1; echo; }; g", "g() { f || return $?; echo; }; g || exit 1; echo", "g() { echo; f; }; g || exit 1; g", "case a in a) f ;; esac", "time f", "(f)", "{ f; }", "true && f", "x=$(f)", "x=$(f) || exit 1; echo", "f & wait $!", "true && f & wait $!", "f & p=$!; wait $p",
	"set -o pipefail; f | cat", "f 2>&1 | tail -5; exit ${PIPESTATUS[0]}", "f | tee log; [ ${PIPESTATUS[0]} -eq 0 ]", "f | tail -1 | sort; exit \"${PIPESTATUS[0]}\"",
}

// lost are texts that can end with 0 although the check f fails.
var lost = []string{
	"f || exit 0", "f || { echo; exit $?; }", "f || true", "f; exit 0", "f; echo; exit $?", "f; rc=$?; rc=0; exit $rc", "f; rc=$?; true; rc=$?; exit $rc", "f; rc=$?; exit 0", "f; rc=$?", "f || rc=1", "rc=0; f || rc=1; echo $rc", "f || rc=1; rc=0; exit $rc", "for i in 1 2; do rc=0; [ $i = 2 ] || f || rc=1; done; exit $rc",
	"for i in 1 2; do [ $i = 2 ] || f; rc=$?; done; exit $rc", "rc=0; (f || rc=1); exit $rc", "rc=0; echo | while read l; do f || rc=1; done; exit $rc", "f || rc=0; exit $rc", "rc=0; g() { rc=0; f || rc=1; }; g; rc=0; exit $rc", "rc=0; f || rc=1; unset rc; exit $rc", "rc=0; f || rc=1; ((rc = 0)); exit $rc", "rc=0; f || rc=1; read rc < x.txt; exit $rc",
	"for i in 1 2; do f || break; done", "for i in 1 2; do f; done; echo", "for i in 1 2; do (f || exit 1); echo; done", "for i in 1 2; do f || false; done; echo", "set -e; for i in 1 2; do f || true; done", "set -e; f && true; echo", "set -e; if f; then :; fi; echo", "set -e; f | cat; echo", "set -e; ! f; echo", "set -e; g() { f; echo; }; g || true", "set -e; g() { f; echo; }; if g; then :; fi", "set -e; echo $(f; echo)", "set +e; f; echo", "bash -c 'set -e'; f; echo",
	"if f; then exit 1; fi", "if f; then :; fi", "if ! f; then echo bad; fi", "if ! f; then rc=$?; exit $rc; fi", "if f; then false; else true; fi", "if f; then :; elif true; then :; fi", "f; if [ $? -ne 0 ]; then echo bad; fi", "f; if [ $? -eq 0 ]; then exit 1; fi", "f; echo; [ $? -eq 0 ]", "f; [ $? -eq 0 ]; echo", "f; [ $? -ne 0 ] && echo bad; true",
	"g() { f; echo; }; g", "g() { f; }; g; echo", "g() { f; }; g; g | cat", "g() { f; }; true || g; g || true", "f | cat", "(f || exit 1); echo", "x=$(f || exit 1); echo", "echo $(f)", "f & wait", "f & true", "while f; do :; done", "until f; do break; done", "! f", "f > log; exit $(true; echo 0)", "f; rc=$? true; exit 0", "bash -c 'f; echo'", "f <<< x; exit 0", "cat <<< $(f)", "f & exit $?", "f\n(exit $?)\necho", "true | f | cat; exit ${PIPESTATUS[0]}", "f | cat; exit ${PIPESTATUS[1]}", "f | cat; echo; exit ${PIPESTATUS[0]}",
}

func TestKeptStatusIsNoMask(t *testing.T) {
	for _, text := range kept {
		assert.Empty(t, ShapeOf(text, "").Masks, text)
	}
	for _, text := range lost {
		assert.NotEmpty(t, ShapeOf(text, "").Masks, text)
	}
}

// TestBashAgrees runs the texts in bash: what is said of them here is so.
func TestBashAgrees(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("bash is not installed")
	}
	bin := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(bin, "f"), []byte("#!/bin/sh\nexit 3\n"), 0o755))
	succeeds := func(text string) bool {
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, "x.txt"), []byte("0\n"), 0o644))
		cmd := exec.Command(bash, "--noprofile", "--norc", "-c", text)
		cmd.Dir, cmd.Env = dir, []string{"PATH=" + bin + ":" + os.Getenv("PATH"), "HOME=/nonexistent"}
		return cmd.Run() == nil
	}
	for _, text := range kept {
		assert.False(t, succeeds(text), "%s ends with 0", text)
	}
	for _, text := range lost {
		assert.True(t, succeeds(text), "%s ends with a failure", text)
	}
}
