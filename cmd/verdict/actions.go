package main

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"unicode"

	"github.com/verdictci/verdict/verdict"
)

// A runner of GitHub Actions reads what a step prints: a line that begins with ::,
// or that holds ##[, may be a command to it.

// actionsLog writes lines of which a runner obeys none, whoever wrote what stands in
// them; see workflowCommand for verdict's own.
type actionsLog struct {
	mu   sync.Mutex
	w    io.Writer
	rest []byte // of a line that has not ended
}

// guarded keeps a runner from obeying what is written, where there is one.
func guarded(w io.Writer) io.Writer {
	if os.Getenv("GITHUB_ACTIONS") != "true" || w == nil {
		return w
	}
	return &actionsLog{w: w}
}

// Write holds the last line back until it ends.
func (l *actionsLog) Write(data []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rest = append(l.rest, data...)
	end := bytes.LastIndexAny(l.rest, "\n\r") + 1
	if err := l.emit(l.rest[:end]); err != nil {
		return 0, err
	}
	l.rest = append(l.rest[:0], l.rest[end:]...)
	return len(data), nil
}

func (l *actionsLog) emit(text []byte) error {
	var out []byte
	for len(text) > 0 {
		end := bytes.IndexAny(text, "\n\r") + 1 // a carriage return ends a line as well
		if end == 0 {
			end = len(text)
		}
		line := text[:end]
		text = text[end:]
		if begin := bytes.TrimLeftFunc(line, unicode.IsSpace); bytes.HasPrefix(begin, []byte("::")) {
			out = append(out, line[:len(line)-len(begin)]...)
			out = append(out, ":\u200b"...)
			line = begin[1:]
		}
		out = append(out, bytes.ReplaceAll(line, []byte("##["), []byte("#\u200b#["))...)
	}
	if len(out) == 0 {
		return nil
	}
	_, err := l.w.Write(out)
	return err
}

// flush writes what is held back.
func flush(w io.Writer) {
	if l, ok := w.(*actionsLog); ok {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.emit(l.rest)
		l.rest = nil
	}
}

// workflowCommand gives a runner a command of verdict's own.
func workflowCommand(w io.Writer, name, value string) {
	value = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", "##[", "#\u200b#[").Replace(value)
	if l, ok := w.(*actionsLog); ok {
		flush(l)
		w = l.w
	}
	fmt.Fprintf(w, "::%s::%s\n", name, value)
}

// stepOutputs says to the steps that follow what was decided, and where it is; dir is
// the folder of the evidence, or empty. more are names with their values.
func stepOutputs(r *verdict.Report, dir string, more ...[2]string) error {
	path := os.Getenv("GITHUB_OUTPUT")
	if path == "" {
		return nil
	}
	outputs := append([][2]string{{"decision", string(verdict.Worse(r.Verdict, r.Verdict))}}, more...)
	if dir != "" {
		abs, err := filepath.Abs(dir)
		if err != nil {
			return fmt.Errorf("write step outputs: %w", err)
		}
		abs = filepath.ToSlash(abs)
		outputs = append(outputs, [2]string{"bundle", abs}, [2]string{"report", abs + "/" + reportFile})
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY|os.O_CREATE, 0o644)
	if err != nil {
		return fmt.Errorf("write step outputs: %w", err)
	}
	defer f.Close()
	end := "end-" + rand.Text() // nothing can know it, and end the value early
	for _, o := range outputs {
		if _, err := fmt.Fprintf(f, "%s<<%s\n%s\n%s\n", o[0], end, o[1], end); err != nil {
			return fmt.Errorf("write step outputs: %w", err)
		}
	}
	return f.Close()
}
