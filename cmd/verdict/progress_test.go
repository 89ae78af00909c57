package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/verdictci/verdict/verdict/render"
)

// TestLiveViewFits: no line of the view is as wide as the screen, whatever the
// commands say, and the view is lower than the screen.
func TestLiveViewFits(t *testing.T) {
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	long := strings.Repeat("文字化け\x1b[31m very long \x0f", 40)
	for _, columns := range []int{20, 60, 80, 120, 200} {
		p := &progress{mode: progressLive, total: 40, done: 3, failed: 1, started: now.Add(-time.Minute), size: func() (int, int) { return columns, 12 }}
		for i := range 20 {
			p.running = append(p.running, &runningCommand{key: fmt.Sprintf("go test ./%d/... ", i) + long, lane: "node:frontend", packet: "SHOP-02", line: render.Line(long), since: now.Add(-5 * time.Second), expected: 40 * time.Second})
		}
		lines := p.view(now)
		assert.Less(t, len(lines), 12)
		for _, line := range lines {
			assert.Equal(t, line, render.Clip(line, columns-1), "%d columns", columns)
			assert.NotContains(t, line, "\x1b")
		}
		if columns >= 80 {
			assert.Contains(t, lines[0], "node:frontend  5s of ~40s  SHOP-02  go test ./0/...")
			assert.Regexp(t, `^  3 of 40 done, 1 not as expected, 17 to go, 1\d more running, 1m0s$`, lines[len(lines)-1])
		}
	}
}

// live is what only the live view writes.
var live = regexp.MustCompile(`(?m)^  (go|other|\d+ of \d+ done)\b.*`)

// TestLiveViewOnATerminal runs verdict in a real terminal of several widths: the
// view shows what runs, nothing of it is left in the end, and no line of it wraps.
func TestLiveViewOnATerminal(t *testing.T) {
	bin := forTerminal(t)
	repository(t)
	edit(t, "tracker.md", "`bash big.sh`", "`for i in 1 2 3 4 5 6 7 8; do echo line $i of what is quite a long output for a line of a terminal that is only sixty columns wide; sleep 0.2; done`")
	for _, columns := range []int{60, 80, 120, 200} {
		t.Run(fmt.Sprint(columns), func(t *testing.T) {
			seen, final := watch(t, columns, bin+" run tracker.md")
			assert.Contains(t, seen, "to go, ", "the view was there")
			assert.Contains(t, seen, "    line ", "the last line of output was there")
			assert.Empty(t, live.FindAllString(final, -1), "nothing of the view is left:\n%s", final)
			assert.Equal(t, 4, len(regexp.MustCompile(`(?m)^[✓✗] \[\d/4\] `).FindAllString(final, -1)), final)
			assert.Equal(t, 1, strings.Count(final, "\nNO_GO  tracker.md at "), final)
		})
	}
	seen, final := watch(t, 80, "NO_COLOR=1 "+bin+" run --quiet tracker.md")
	assert.NotContains(t, seen, "to go, ", "quiet")
	assert.Contains(t, final, "NO_GO  tracker.md at ")
	_, final = watch(t, 80, bin+" run --verbose tracker.md")
	for i := 1; i <= 8; i++ {
		assert.Contains(t, final, fmt.Sprintf("other        │ line %d of ", i), "every line, with its lane")
	}
}

// TestLiveViewOnATerminalMadeNarrower: the terminal breaks the view's lines, and
// nothing of them is left on the screen, nor is a line lost that stays.
func TestLiveViewOnATerminalMadeNarrower(t *testing.T) {
	bin := forTerminal(t)
	repository(t)
	words := strings.Repeat("a long line of output ", 6)
	edit(t, "tracker.md", "`bash big.sh`", "`echo "+words+"; sleep 0.5; tmux resize-window -x 60 -y 24; for i in 1 2 3 4 5 6 7 8; do echo after $i "+words+"; sleep 0.2; done`")
	narrow := 0
	watchScreens(t, 120, 24, "seq 101 112; "+bin+" run tracker.md 2>&1 >/dev/null", func(screen string) {
		screen = sgr.ReplaceAllString(screen, "")
		if !strings.Contains(screen, "    after ") {
			return
		}
		narrow++
		_, view, _ := strings.Cut(screen, "go build ./...\n")
		assert.Len(t, strings.Split(strings.TrimSpace(view), "\n"), 3, "the view alone, and no piece of a line that was broken:\n%s", screen)
		assert.Contains(t, screen, "\n112\n", "what stood above still does")
	})
	assert.Positive(t, narrow)
}

// forTerminal builds verdict, to be run in a terminal by tmux.
func forTerminal(t *testing.T) (bin string) {
	t.Helper()
	if _, err := exec.LookPath("tmux"); err != nil {
		if os.Getenv("VERDICT_TEST_REQUIRE_BROWSER") == "1" {
			t.Fatal("tmux is not installed")
		}
		t.Skip("tmux is not installed; the terminal is not looked at")
	}
	bin = filepath.Join(t.TempDir(), "verdict")
	out, err := exec.Command("go", "build", "-o", bin, ".").CombinedOutput()
	require.NoError(t, err, string(out))
	return bin
}

// watch runs a command in a terminal: all screens that were seen, and everything
// that stands there in the end.
func watch(t *testing.T, columns int, command string) (seen, final string) {
	t.Helper()
	final = watchScreens(t, columns, 24, command, func(screen string) { seen += sgr.ReplaceAllString(screen, "") })
	return seen, final
}

// watchScreens runs a command in a terminal and shows every screen, with its
// colours. It returns everything that stands there in the end, without.
func watchScreens(t *testing.T, columns, rows int, command string, show func(screen string)) (final string) {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "tmux")
	tmux := func(args ...string) string {
		out, err := exec.Command("tmux", append([]string{"-S", socket, "-f", os.DevNull}, args...)...).CombinedOutput()
		require.NoError(t, err, string(out))
		return string(out)
	}
	const end = "all is done"
	tmux("new-session", "-d", "-x", fmt.Sprint(columns), "-y", fmt.Sprint(rows), command+"; echo "+end+"; cat")
	defer tmux("kill-server")
	require.Eventually(t, func() bool {
		screen, _, _ := strings.Cut(tmux("capture-pane", "-e", "-p"), end)
		show(screen)
		final = tmux("capture-pane", "-p", "-S", "-1000")
		return strings.Contains(final, "\n"+end)
	}, 30*time.Second, 100*time.Millisecond)
	return final
}
