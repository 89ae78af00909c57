package command

import (
	"bytes"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// enlargePipe makes room for bursts, so that a fast writer need not wait.
func enlargePipe(w *os.File) {
	unix.FcntlInt(w.Fd(), unix.F_SETPIPE_SZ, 1<<20) // a smaller pipe only costs time
}

// waitedPipe is a pipe whose reader waits in the read itself. At those of os.Pipe the
// runtime waits, and is woken for every single write, whether somebody reads or not.
func waitedPipe() (r, w *os.File, err error) {
	var ends [2]int
	if err := unix.Pipe2(ends[:], unix.O_CLOEXEC); err != nil {
		return nil, nil, os.NewSyscallError("pipe2", err)
	}
	r, w = os.NewFile(uintptr(ends[0]), "|0"), os.NewFile(uintptr(ends[1]), "|1")
	enlargePipe(w)
	return r, w, nil
}

// subreaper makes this process the parent of what its commands leave behind.
var subreaper = sync.OnceFunc(func() {
	unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) // without it, sweeping finds less
})

// commands are the processes that this process started to run commands, with their
// marks: their ends belong to whoever waits for them.
var commands = struct {
	sync.Mutex
	marks   map[int]uint64
	started uint64
}{marks: map[int]uint64{}}

// markLimit is the resource limit that marks what a command starts. Its soft value
// comes down to every descendant, whatever becomes of its environment, its session
// and its open files, and can be read of any process. Nothing else minds how many
// bytes of message queues a user may have.
const markLimit = unix.RLIMIT_MSGQUEUE

// marked runs do while what this process starts gets a mark that no other command
// has; 0 where there is none to give. The lock is held.
func marked(do func()) (mark uint64) {
	var usual unix.Rlimit
	unix.Prlimit(0, markLimit, nil, &usual)
	if room := min(usual.Max, 1<<30); room > 1<<16 {
		commands.started++
		mark = room - 1 - (uint64(os.Getpid())*251+commands.started)%(room-1<<15)
		if unix.Prlimit(0, markLimit, &unix.Rlimit{Cur: mark, Max: usual.Max}, nil) != nil {
			mark = 0
		}
		defer unix.Prlimit(0, markLimit, &usual, nil)
	}
	do()
	return mark
}

// markOf is the mark of a process; 0 where it cannot be read.
func markOf(pid int) uint64 {
	var limit unix.Rlimit
	if unix.Prlimit(pid, markLimit, nil, &limit) != nil {
		return 0
	}
	return limit.Cur
}

// process is a running command with everything that it started.
type process struct {
	cmd   *exec.Cmd
	pid   int
	ended chan struct{}
}

// start starts the command as the leader of a session: no terminal, a process
// group that can be ended as a whole, and a session that tells what it leaves
// behind from what this process itself started.
//
// Then it waits for the command's end without reaping it: as long as it is a
// zombie, its process id and group cannot be anybody else's.
func start(cmd *exec.Cmd) (*process, error) {
	subreaper()
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	// Nobody may look for orphans between a command's start and its entry: it would
	// be taken for one.
	commands.Lock()
	var err error
	mark := marked(func() { err = cmd.Start() })
	if err == nil {
		commands.marks[cmd.Process.Pid] = mark
	}
	commands.Unlock()
	if err != nil {
		return nil, err
	}
	p := &process{cmd: cmd, pid: cmd.Process.Pid, ended: make(chan struct{})}
	go func() {
		defer close(p.ended)
		for {
			var info unix.Siginfo
			err := unix.Waitid(unix.P_PID, p.pid, &info, unix.WEXITED|unix.WNOWAIT, nil)
			if err != unix.EINTR {
				return
			}
		}
	}()
	return p, nil
}

// terminate asks the command and everything that it started to end.
func (p *process) terminate() {
	for _, pid := range p.family() {
		unix.Kill(pid, unix.SIGTERM)
	}
	unix.Kill(-p.pid, unix.SIGTERM)
	unix.Kill(-p.pid, unix.SIGCONT)
}

// kill ends everything that is left, and reports how many processes that was.
func (p *process) kill() int {
	found := map[int]bool{}
	deadline := time.Now().Add(800 * time.Millisecond)
	for {
		family := p.family()
		for _, pid := range family {
			found[pid] = true
			unix.Kill(pid, unix.SIGKILL)
		}
		unix.Kill(-p.pid, unix.SIGKILL)
		if len(family) == 0 || time.Now().After(deadline) {
			return len(found)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// reap takes the command's status.
func (p *process) reap() *os.ProcessState {
	p.cmd.Wait() // the error repeats what the state says
	commands.Lock()
	delete(commands.marks, p.pid)
	commands.Unlock()
	return p.cmd.ProcessState
}

// family lists the processes that the command started and that still run: its
// descendants, and those that were handed to us when their parents ended.
func (p *process) family() []int {
	var out []int
	seen := map[int]bool{p.pid: true}
	var add func(pid int)
	add = func(pid int) {
		for _, child := range children(pid) {
			if !seen[child] && !zombie(child) {
				seen[child] = true
				out = append(out, child)
				add(child)
			}
		}
	}
	add(p.pid)
	for _, orphan := range p.orphans() {
		if seen[orphan] {
			continue
		}
		seen[orphan] = true
		out = append(out, orphan)
		add(orphan)
	}
	return out
}

// orphans lists what the command started and what was handed to us when its parent
// ended. Those that have ended too are reaped.
func (p *process) orphans() []int {
	commands.Lock()
	defer commands.Unlock()
	var out []int
	for _, child := range children(os.Getpid()) {
		if _, running := commands.marks[child]; running || !p.started(child) {
			continue
		}
		if zombie(child) {
			unix.Wait4(child, nil, unix.WNOHANG, nil)
			continue
		}
		out = append(out, child)
	}
	return out
}

// started reports whether the command started an orphan: by its session, by its
// mark, or because no other running command can have. What is in our own session is
// a program that this process asked something, such as git: a command's processes
// can leave its session, but not join ours.
func (p *process) started(pid int) bool {
	sid, err := unix.Getsid(pid)
	if err == nil && sid == p.pid {
		return true
	}
	if own, ownErr := unix.Getsid(0); err != nil || ownErr != nil || sid == own {
		return false
	}
	if mark := markOf(pid); mark != 0 {
		for leader, other := range commands.marks {
			if other == mark {
				return leader == p.pid
			}
		}
	}
	return len(commands.marks) < 2
}

// children lists the direct children of a process.
func children(pid int) []int {
	dir := "/proc/" + strconv.Itoa(pid) + "/task"
	tasks, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	var out []int
	for _, task := range tasks {
		list, err := os.ReadFile(dir + "/" + task.Name() + "/children")
		if err != nil {
			continue
		}
		for _, field := range strings.Fields(string(list)) {
			if child, err := strconv.Atoi(field); err == nil {
				out = append(out, child)
			}
		}
	}
	return out
}

func zombie(pid int) bool {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return true
	}
	at := bytes.LastIndexByte(stat, ')')
	return at >= 0 && at+2 < len(stat) && (stat[at+2] == 'Z' || stat[at+2] == 'X')
}

// parentName is the program that started this process, for people.
func parentName() string {
	cmdline, err := os.ReadFile("/proc/" + strconv.Itoa(os.Getppid()) + "/cmdline")
	if err != nil {
		return ""
	}
	args := strings.Split(strings.TrimRight(string(cmdline), "\x00"), "\x00")
	return strings.Join(args[:min(3, len(args))], " ")
}
