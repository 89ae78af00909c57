// Package nodetest installs what tests take from npm: once for this machine, from
// lock files, into the user's cache folder. It is for tests alone.
package nodetest

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

//go:embed vitest*
var sets embed.FS

// Sets are the versions of vitest and TypeScript that are installed together.
var Sets = []string{"vitest1-typescript5", "vitest3-typescript6", "vitest4-typescript7"}

// Vitest5 needs a newer Node than the others.
const Vitest5 = "vitest5"

// Set gives the node_modules folder of one of the [Sets].
func Set(t testing.TB, name string) string {
	t.Helper()
	files, err := fs.Sub(sets, name)
	if err != nil {
		t.Fatal(err)
	}
	return Install(t, files)
}

// Install gives the node_modules folder of the package.json and package-lock.json
// in files. Where npm cannot install it the test is skipped, or fails if
// VERDICT_TEST_REQUIRE_NODE is set. Nobody may write to the folder.
func Install(t testing.TB, files fs.FS) string {
	t.Helper()
	lock, err := fs.ReadFile(files, "package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(lock)
	dir := filepath.Join(cache, "verdict-tests", "npm-"+hex.EncodeToString(sum[:8]))
	modules := filepath.Join(dir, "node_modules")
	if _, err := os.Stat(modules); err == nil {
		return modules
	}
	made, err := install(filepath.Dir(dir), files)
	if err != nil {
		if os.Getenv("VERDICT_TEST_REQUIRE_NODE") != "" {
			t.Fatalf("npm is required: %v: %s", err, made)
		}
		t.Skipf("npm cannot install what this test needs: %v: %s", err, made)
	}
	if err := os.Rename(made, dir); err != nil {
		os.RemoveAll(made) // another test was quicker
	}
	if _, err := os.Stat(modules); err != nil {
		t.Fatal(err)
	}
	return modules
}

// install makes a folder below parent, and returns it; on an error, what npm said.
func install(parent string, files fs.FS) (string, error) {
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp(parent, "npm-new-")
	if err != nil {
		return "", err
	}
	for _, name := range []string{"package.json", "package-lock.json"} {
		src, err := fs.ReadFile(files, name)
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), src, 0o644)
		}
		if err != nil {
			os.RemoveAll(dir)
			return "", err
		}
	}
	cmd := exec.Command("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", "--fetch-retries=1")
	cmd.Dir, cmd.WaitDelay = dir, time.Second
	if out, err := cmd.CombinedOutput(); err != nil {
		os.RemoveAll(dir)
		return string(out), err
	}
	return dir, nil
}

// Link gives a folder the packages of a node_modules folder: each by a link, so
// that the folder is the project's own and its caches stay apart.
func Link(t testing.TB, modules, dir string) {
	t.Helper()
	own := filepath.Join(dir, "node_modules")
	if err := os.MkdirAll(own, 0o755); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(modules)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if err := os.Symlink(filepath.Join(modules, e.Name()), filepath.Join(own, e.Name())); err != nil {
			t.Fatal(err)
		}
	}
}

// NeedNode skips a test where Node is missing or older than major.minor; a newer
// one is never demanded.
func NeedNode(t testing.TB, major, minor int) {
	t.Helper()
	out, err := exec.Command("node", "--version").Output()
	var x, y int
	if _, scan := fmt.Sscanf(string(out), "v%d.%d", &x, &y); err != nil || scan != nil || x < major || x == major && y < minor {
		t.Skipf("it needs Node %d.%d; this is %s", major, minor, out)
	}
}
