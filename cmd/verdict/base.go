package main

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/verdictci/verdict/collector/checkpoint"
	"github.com/verdictci/verdict/collector/survey"
	"github.com/verdictci/verdict/collector/tracker"
	"github.com/verdictci/verdict/verdict"
	"github.com/verdictci/verdict/verdict/policy"
)

// readBasePolicy reads the policy of another commit: the file that the command line
// names, or the usual one. A file outside of the repository is no part of a change.
func (p *project) readBasePolicy(rev, named, dir string) (*verdict.Base, error) {
	base, name := &verdict.Base{}, policy.FileName
	if named != "" {
		if !filepath.IsAbs(named) {
			named = filepath.Join(dir, named)
		}
		name = relative(p.root, named)
	}
	src, commit, err := checkpoint.ReadFile(p.root, rev, name)
	switch {
	case err == nil:
		if base.Policy, err = policy.Parse(name, src, verdict.RuleIDs()); err != nil {
			return nil, &inputError{fmt.Errorf("policy of %s: %w", rev, err), ""}
		}
		if err := readJSONLists(base.Policy, func(path string) ([]byte, error) {
			src, _, err := checkpoint.ReadFile(p.root, rev, path)
			return src, err
		}); err != nil {
			return nil, err
		}
	case errors.Is(err, fs.ErrNotExist) && filepath.IsAbs(name):
		base.Policy = p.policy
	case errors.Is(err, fs.ErrNotExist):
	default:
		return nil, badInput("fetch the base branch first", "read policy of %s: %w", rev, err)
	}
	base.Commit = commit
	return base, nil
}

// readBaseTrackers reads the trackers of another commit: the project's, and where
// the command line names none those that the other commit would decide about.
func (p *project) readBaseTrackers(rev string, named bool) error {
	var paths []string
	for _, t := range p.trackers {
		paths = append(paths, t.Path)
	}
	if !named {
		more, err := p.baseTrackerPaths(rev)
		if err != nil {
			return fmt.Errorf("list trackers of %s: %w", rev, err)
		}
		for _, path := range more {
			if !slices.Contains(paths, path) {
				paths = append(paths, path)
			}
		}
	}
	for _, path := range paths {
		src, commit, err := checkpoint.ReadFile(p.root, rev, path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		} else if err != nil {
			return fmt.Errorf("read %s of %s: %w", path, rev, err)
		}
		p.base.Commit = commit
		p.base.Trackers = append(p.base.Trackers, tracker.Parse(path, src, p.requiringPolicy().Vocabulary))
	}
	return nil
}

// baseTrackerPaths are the trackers that another commit decides about by itself:
// those that its policy names, else those that look like one.
func (p *project) baseTrackerPaths(rev string) ([]string, error) {
	files, err := checkpoint.ListFiles(p.root, rev)
	if err != nil {
		return nil, err
	}
	var paths []string
	for _, file := range files {
		switch {
		case p.base.Policy != nil && len(p.base.Policy.Trackers) > 0:
			if slices.ContainsFunc(p.base.Policy.Trackers, func(pattern string) bool { ok, _ := path.Match(pattern, file); return ok }) {
				paths = append(paths, file)
			}
		case strings.EqualFold(path.Ext(file), ".md"):
			if src, _, err := checkpoint.ReadFile(p.root, rev, file); err == nil && survey.IsTracker(file, src) {
				paths = append(paths, file)
			}
		}
	}
	return paths, nil
}
