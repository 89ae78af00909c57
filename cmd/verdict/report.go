package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/term"

	"github.com/verdictci/verdict/verdict"
	"github.com/verdictci/verdict/verdict/render"
)

// formats are the values of --format, in the order of the help text.
var formats = []string{"text", "markdown", "json", "sarif", "junit", "html"}

func knownFormat(f string) bool { return slices.Contains(formats, f) }

// writeReport writes the report as the flags ask. dir is the bundle's folder,
// for the logs; it may be empty.
func writeReport(r *verdict.Report, f reportFlags, c collectFlags, dir string, s streams) error {
	if err := stepSummary(r); err != nil {
		fmt.Fprintln(s.err, "verdict: "+err.Error())
	}
	return writeTo(f.output, s.out, func(w io.Writer) error {
		switch f.format {
		case "markdown":
			return render.Markdown(w, r)
		case "json":
			return render.JSON(w, r)
		case "sarif":
			return render.SARIF(w, r)
		case "junit":
			return render.JUnit(w, r)
		case "html":
			return render.HTML(w, r, pageOptions(r, f.output, dir))
		}
		return render.Text(w, r, render.TextOptions{Width: width(w), Color: useColor(w, c.color), Verbose: c.verbose, Quiet: c.quiet})
	})
}

// pageOptions lets the page at output find the logs and the kept trackers of the
// run in dir; empty: there is none. A page on standard output is taken to be for a
// file in the current folder.
func pageOptions(r *verdict.Report, output, dir string) render.HTMLOptions {
	if dir == "" {
		return render.HTMLOptions{}
	}
	o := render.HTMLOptions{Logs: os.DirFS(dir), Trackers: map[string][]byte{}}
	for i := range r.Trackers {
		if src, err := os.ReadFile(filepath.Join(dir, inputName(i))); err == nil {
			o.Trackers[r.Trackers[i].Path] = src
		}
	}
	page := "."
	if output != "" && output != "-" {
		page = dirOf(output)
	}
	from, to := realPath(page), realPath(dir)
	rel, err := filepath.Rel(from, to)
	if err != nil {
		rel = to // on another drive
	}
	if rel != "." {
		o.LogDir = filepath.ToSlash(rel)
	}
	return o
}

// realPath is path, absolute and without symbolic links as far as that is known.
func realPath(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	return path
}

// stepSummary adds the report to the job's summary under GitHub Actions.
func stepSummary(r *verdict.Report) error {
	path := os.Getenv("GITHUB_STEP_SUMMARY")
	if path == "" {
		return nil
	}
	text, err := render.Comment(r, render.CommentOptions{Target: "summary"})
	if err != nil {
		return fmt.Errorf("render job summary: %w", err)
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY|os.O_CREATE, 0o644)
	if err != nil {
		return fmt.Errorf("write job summary: %w", err)
	}
	defer f.Close()
	if _, err := io.WriteString(f, text); err != nil {
		return fmt.Errorf("write job summary: %w", err)
	}
	return f.Close()
}

// terminal returns w's file descriptor when w is a terminal.
func terminal(w io.Writer) (int, bool) {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return 0, false
	}
	return int(f.Fd()), true
}

// width is the width to render a report for: the terminal's, else 100 columns.
func width(w io.Writer) int {
	if _, ok := terminal(w); !ok {
		return 100
	}
	columns, _ := screen(w)
	return min(max(columns, 60), 200)
}

// screen is the size of w's terminal; where that is not known, 80 by 24.
func screen(w io.Writer) (columns, rows int) {
	if fd, ok := terminal(w); ok {
		if columns, rows, err := term.GetSize(fd); err == nil && columns > 0 && rows > 0 {
			return columns, rows
		}
	}
	return 80, 24
}

// useColor follows --color, NO_COLOR and TERM, in this order.
func useColor(w io.Writer, flag string) bool {
	switch flag {
	case "always":
		return true
	case "never":
		return false
	}
	_, isTerminal := terminal(w)
	return isTerminal && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}

// writeTarget shows a report as GitHub would.
func writeTarget(r *verdict.Report, target string, place commentFlags, output string, s streams) error {
	text, err := place.text(r, target)
	if err != nil {
		return badInput("", "render: %w", err)
	}
	return writeTo(output, s.out, func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	})
}
