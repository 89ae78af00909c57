package command

import (
	"os"
	"os/exec"
)

// On Windows the commands run with the bash that Git brings along; what they
// leave behind is not swept.

func enlargePipe(*os.File) {}

func waitedPipe() (r, w *os.File, err error) { return os.Pipe() }

type process struct {
	cmd   *exec.Cmd
	ended chan struct{}
}

func start(cmd *exec.Cmd) (*process, error) {
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

func (p *process) terminate() { p.cmd.Process.Kill() }

func (p *process) kill() int { return 0 }

func (p *process) reap() *os.ProcessState {
	<-p.ended
	return p.cmd.ProcessState
}

func signalName(*os.ProcessState) string { return "" }

func dieLike(state *os.ProcessState) int { return state.ExitCode() }

var forwarded = []os.Signal{os.Interrupt}

func replaceProcess(path string, argv, env []string) error {
	cmd := exec.Command(path, argv[1:]...)
	cmd.Env, cmd.Stdin, cmd.Stdout, cmd.Stderr = env, os.Stdin, os.Stdout, os.Stderr
	err := cmd.Run()
	if cmd.ProcessState != nil {
		os.Exit(cmd.ProcessState.ExitCode())
	}
	return err
}

func isExecutable(info os.FileInfo) bool { return !info.IsDir() }

func parentName() string { return "" }
