//go:build unix

package command

import (
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// signalName names the signal that ended a process; empty when none did.
func signalName(state *os.ProcessState) string {
	status, ok := state.Sys().(syscall.WaitStatus)
	if !ok || !status.Signaled() {
		return ""
	}
	name := unix.SignalName(status.Signal())
	if status.CoreDump() {
		name += "+core"
	}
	return name
}

// dieLike ends this process as another one ended: by the same signal, or with the
// status that is returned.
func dieLike(state *os.ProcessState) int {
	status, ok := state.Sys().(syscall.WaitStatus)
	if !ok || !status.Signaled() {
		return state.ExitCode()
	}
	signal.Reset(status.Signal())
	unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}) // one core dump is enough
	if unix.Kill(os.Getpid(), status.Signal()) == nil && status.Signal() != unix.SIGCHLD {
		time.Sleep(time.Second)
	}
	return 128 + int(status.Signal())
}

// forwarded are the signals that a witness passes on to what it runs.
var forwarded = []os.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2}

// replaceProcess runs a program in the place of this one.
func replaceProcess(path string, argv, env []string) error {
	return syscall.Exec(path, argv, env)
}

func isExecutable(info os.FileInfo) bool { return !info.IsDir() && info.Mode()&0o111 != 0 }
