// Verdict decides whether a piece of work may go out.
//
// It reads a Markdown progress tracker, runs the required commands itself,
// verifies the checkpoint commits, and reconciles what was claimed with what it
// saw into GO, GO_WITH_CONDITIONS or NO_GO.
//
// Usage:
//
//	verdict run [TRACKER...]      collect, decide, render: the main job
//	verdict plan [TRACKER...]     what would run; nothing is executed
//	verdict lint [TRACKER...]     the rules that need no execution
//	verdict demo                  the main job on an example, explained
//
// "verdict help" lists the other commands.
//
// # Exit codes
//
//	0    GO, and GO_WITH_CONDITIONS unless --fail-on conditions
//	1    NO_GO
//	2    usage, policy or tracker cannot be read
//	3    verdict could not do its work
//	130  interrupted
//
// # Limits
//
// Commands run with bash. A check that a compiled program starts by an absolute
// path cannot be seen from outside; such a command is never more than
// GO_WITH_CONDITIONS.
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"

	"github.com/verdictci/verdict/collector/command"
)

func main() {
	collectGarbageLater()
	if command.IsWitness(os.Args) {
		os.Exit(command.WitnessMain(os.Args))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := execute(ctx, os.Args[1:], streams{in: os.Stdin, out: os.Stdout, err: os.Stderr})
	stop()
	os.Exit(code)
}

// collectGarbageLater spares short runs the collection that they would end before:
// it costs more than the memory that it would free. From the first one on it is as
// usual, for runs that need much memory. GOGC has the last word.
func collectGarbageLater() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(200) // the first one at 8 MB
		runtime.AddCleanup(new([64]byte), func(percent int) { debug.SetGCPercent(percent) }, 100)
	}
}
