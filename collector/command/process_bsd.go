//go:build unix && !linux

package command

import (
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// Without a sub-reaper, what leaves the command's process group is not found.

func enlargePipe(*os.File) {}

func waitedPipe() (r, w *os.File, err error) { return os.Pipe() }

type process struct {
	cmd   *exec.Cmd
	ended chan struct{}
}

func start(cmd *exec.Cmd) (*process, error) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{cmd: cmd, ended: make(chan struct{})}
	go func() {
		defer close(p.ended)
		cmd.Wait() // the error repeats what the state says
	}()
	return p, nil
}

func (p *process) terminate() {
	unix.Kill(-p.cmd.Process.Pid, unix.SIGTERM)
	unix.Kill(-p.cmd.Process.Pid, unix.SIGCONT)
}

func (p *process) kill() int {
	if unix.Kill(-p.cmd.Process.Pid, unix.SIGKILL) == nil {
		return 1
	}
	return 0
}

func (p *process) reap() *os.ProcessState {
	<-p.ended
	return p.cmd.ProcessState
}

func parentName() string { return "" }
