package plan

import (
	"mvdan.cc/sh/v3/syntax"
)

// loss is what loses a status; zero: nothing does.
type loss struct {
	kind string // of the mask
	text string // the shell text that does it
}

// context is what stands around a statement.
type context struct {
	loss      // of the statement's own status
	exit loss // of the status by which exit leaves the shell
	ret  loss // of the status by which return leaves the function
	// suppressed: set -e does not count here (a condition, left of && and ||)
	suppressed bool
	// sub: in another process than the command's own shell, whose variables get lost
	sub bool
	// loop is one more than where the outermost loop around begins; 0: no loop
	loop uint
	// waited: it runs in the background, and its status is asked for later
	waited bool
	// head is what loses the status of a pipe's first part, where that is asked for
	// apart; nil: it is not
	head  *loss
	depth int // of "bash -c" inside "bash -c"
}

// losing is the context in which n loses the status, unless it is lost already.
func (c context) losing(kind string, n syntax.Node) context {
	if c.kind == "" {
		c.loss = loss{kind, printed(n)}
	}
	return c
}

// process is the context of a process of its own: exit leaves that alone.
func (c context) process() context {
	c.exit, c.ret, c.sub = c.loss, c.loss, true
	return c
}

// condition is the context of what is asked and may fail.
func (c context) condition() context {
	c.suppressed = true
	return c
}

// after is the context of a statement whose failure leads to an ending.
func (c context) after(e ending) context {
	switch e {
	case exits:
		c.loss = c.exit
	case returns:
		c.loss = c.ret
	}
	return c
}
