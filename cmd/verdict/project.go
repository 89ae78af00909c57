package main

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/verdictci/verdict/collector/checkpoint"
	"github.com/verdictci/verdict/collector/plan"
	"github.com/verdictci/verdict/collector/survey"
	"github.com/verdictci/verdict/collector/tracker"
	"github.com/verdictci/verdict/verdict"
	"github.com/verdictci/verdict/verdict/policy"
)

// project is what a command works on: a repository, its trackers and its policy.
type project struct {
	root     string // absolute
	trackers []*tracker.Tracker
	sources  map[string][]byte // path → bytes, for the trackers
	plans    map[string][]byte // path of the tracker → bytes of the plan that it links to
	policy   *policy.Policy
	base     *verdict.Base
	plan     *plan.Plan
}

// projectFlags choose the policy and the base of a project.
type projectFlags struct {
	policy     string
	policyFrom string
	anywhere   bool // without a repository, the folder is the root
}

func (f *projectFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.policy, "policy", "", "policy `FILE` (default: "+policy.FileName+" at the repository's root)")
	cmd.Flags().StringVar(&f.policyFrom, "policy-from", "", "take policy and required commands from commit `REF`, the base branch")
}

// open reads everything that the command line names. Problems in several files
// are reported together.
func (f *projectFlags) open(args []string) (*project, error) {
	cwd, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	return f.openAt(cwd, args)
}

func (f *projectFlags) openAt(dir string, args []string) (*project, error) {
	root, err := checkpoint.FindRoot(dir)
	if errors.Is(err, checkpoint.ErrNoRepository) && f.anywhere && f.policyFrom == "" {
		root = dir
	} else if errors.Is(err, checkpoint.ErrNoRepository) {
		return nil, badInput("run verdict inside a git repository; 'verdict demo' makes one to try", "find repository: no git repository at or above %s", dir)
	} else if err != nil {
		return nil, err
	}
	p := &project{root: root, sources: map[string][]byte{}, plans: map[string][]byte{}}
	if p.policy, err = f.readPolicy(dir, root); err != nil {
		return nil, err
	}
	if f.policyFrom != "" {
		if p.base, err = p.readBasePolicy(f.policyFrom, f.policy, dir); err != nil {
			return nil, err
		}
	}
	paths, err := p.trackerPaths(dir, args)
	if err != nil {
		return nil, err
	}
	var problems []error
	for _, path := range paths {
		t, err := p.readTracker(path)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		p.trackers = append(p.trackers, t)
	}
	if len(problems) > 0 {
		return nil, &inputError{errors.Join(problems...), hintOf(problems[0])}
	}
	if f.policyFrom != "" {
		if err := p.readBaseTrackers(f.policyFrom, len(args) > 0); err != nil {
			return nil, err
		}
	}
	p.plan = plan.Build(p.requiringTrackers(), p.requiringPolicy())
	return p, nil
}

// requiringTrackers are the trackers whose required commands run: the project's
// own, and those of the base where it asks for more.
func (p *project) requiringTrackers() []*tracker.Tracker {
	if p.base == nil {
		return p.trackers
	}
	return append(append([]*tracker.Tracker{}, p.trackers...), p.base.Trackers...)
}

// requiringPolicy is the policy in force: a change cannot weaken the gate that it
// must pass.
func (p *project) requiringPolicy() *policy.Policy { return verdict.Effective(p.policy, p.base) }

func (f *projectFlags) readPolicy(dir, root string) (*policy.Policy, error) {
	path := f.policy
	if path == "" {
		path = filepath.Join(root, policy.FileName)
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return policy.Default(), nil
		}
	} else if !filepath.IsAbs(path) {
		path = filepath.Join(dir, path)
	}
	src, err := readInput("a policy", path, relative(root, path), maxPolicy)
	if err != nil {
		return nil, err
	}
	p, err := policy.Parse(relative(root, path), src, verdict.RuleIDs())
	if err != nil {
		return nil, &inputError{err, "https://github.com/verdictci/verdict/blob/main/docs/policy.md describes every key"}
	}
	return p, readJSONLists(p, func(path string) ([]byte, error) {
		return os.ReadFile(filepath.Join(root, filepath.FromSlash(path)))
	})
}

// readJSONLists adds the commands of the policy's JSON lists to its required ones.
func readJSONLists(p *policy.Policy, read func(path string) ([]byte, error)) error {
	for _, list := range p.Commands.JSON {
		src, err := read(list.Path)
		if err != nil {
			return badInput("the path is relative to the repository's root", "%s: read %s: %w", list.Pos, list.Path, err)
		}
		required, err := policy.ReadJSONList(list, src)
		if err != nil {
			return &inputError{err, ""}
		}
		p.Commands.Required = append(p.Commands.Required, required...)
	}
	return nil
}

// trackerPaths resolves the arguments, else the policy's list, else what the
// repository has, to paths below the root.
func (p *project) trackerPaths(dir string, args []string) ([]string, error) {
	if len(args) > 0 {
		var paths []string
		for _, arg := range args {
			if !filepath.IsAbs(arg) {
				arg = filepath.Join(dir, arg)
			}
			paths = append(paths, relative(p.root, arg))
		}
		return paths, nil
	}
	if len(p.policy.Trackers) > 0 {
		return p.globTrackers()
	}
	found := survey.FindTrackers(os.DirFS(p.root))
	switch {
	case len(found) == 1:
		return found, nil
	case len(found) == 0 && len(p.policy.Commands.Required) > 0:
		return nil, nil
	case len(found) == 0:
		return nil, badInput("name one: verdict run docs/progress.md; 'verdict init' writes one", "find tracker: no Markdown file in %s has a packet board", p.root)
	}
	return nil, badInput("name one, as in: verdict run "+found[0]+"; or list them under 'trackers:' in "+policy.FileName,
		"find tracker: %d files look like trackers: %s", len(found), strings.Join(found, ", "))
}

func (p *project) globTrackers() ([]string, error) {
	var paths []string
	for _, pattern := range p.policy.Trackers {
		found, err := fs.Glob(os.DirFS(p.root), pattern)
		if err != nil {
			return nil, badInput("", "%s: tracker pattern %q: %w", p.policy.Path, pattern, err)
		}
		if len(found) == 0 {
			return nil, badInput("", "%s: no file matches tracker %q", p.policy.Path, pattern)
		}
		paths = append(paths, found...)
	}
	return paths, nil
}

// readTracker reads one file and refuses what is no tracker.
func (p *project) readTracker(path string) (*tracker.Tracker, error) {
	file := path
	if !filepath.IsAbs(file) {
		file = filepath.Join(p.root, filepath.FromSlash(path))
	}
	src, err := readInput("a Markdown file", file, path, maxTracker)
	if err != nil {
		return nil, err
	}
	if bytes.IndexByte(src, 0) >= 0 || !utf8.Valid(src) && !mostlyText(src) {
		return nil, badInput("name a Markdown file; one in UTF-16 has to be saved as UTF-8", "%s:1:1: this is no text in UTF-8", path)
	}
	t := tracker.Parse(path, src, p.requiringPolicy().Vocabulary)
	if len(t.Packets) == 0 && len(p.requiringPolicy().Commands.Required) == 0 {
		return nil, badInput("a tracker has a table under '## Packet Board' and a section for each packet; 'verdict init' writes one, https://github.com/verdictci/verdict/blob/main/docs/tracker.md describes it",
			"%s:1:1: no packet found, so there is nothing to decide", path)
	}
	p.sources[path] = src
	p.readRegister(t)
	return t, nil
}

// readRegister reads the risk register of the plan that a tracker links to. A
// plan that is not there is nobody's fault here.
func (p *project) readRegister(t *tracker.Tracker) {
	link, ok := t.Plan()
	if !ok || !filepath.IsLocal(filepath.FromSlash(link.Target)) {
		return
	}
	if src, err := readInput("a plan", filepath.Join(p.root, filepath.FromSlash(link.Target)), link.Target, maxTracker); err == nil {
		p.plans[t.Path] = src
		t.ReadRegister(link.Target, src, p.requiringPolicy().Vocabulary)
	}
}

// mostlyText tells a text with a few bytes of another encoding from a picture.
func mostlyText(src []byte) bool {
	bad := bytes.Count(bytes.ToValidUTF8(src, []byte("\x00")), []byte{0})
	return bad*50 < len(src)
}

// trackerFiles are the paths that never count as a change of the work tree.
func (p *project) trackerFiles() []string {
	var paths []string
	for _, t := range p.trackers {
		paths = append(paths, t.Path)
	}
	return paths
}

// relative gives path below root with forward slashes; outside of it, path itself.
func relative(root, path string) string {
	if real, err := filepath.EvalSymlinks(filepath.Dir(path)); err == nil {
		path = filepath.Join(real, filepath.Base(path))
	}
	rel, err := filepath.Rel(root, path)
	if err != nil || !filepath.IsLocal(rel) {
		return filepath.ToSlash(path)
	}
	return filepath.ToSlash(rel)
}

func dirOf(path string) string { return filepath.Dir(path) }

func hintOf(err error) string {
	var input *inputError
	if errors.As(err, &input) {
		return input.hint
	}
	return ""
}
