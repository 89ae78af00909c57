package command

import (
	"slices"
	"strings"

	"github.com/verdictci/verdict/collector/lazyregexp"
)

var (
	makeRule     = lazyregexp.New(`^([^\s#:=][^#:=]*?)\s*::?(?:\s+([^=]*)|)$`)
	makeVariable = lazyregexp.New(`^\s*(?:export\s+|override\s+)?([\w.-]+)\s*(?:[:?+]|::)?=`)
	makeUse      = lazyregexp.New(`\$[({]([\w.-]+)`)
)

// recipes are the lines of a makefile that its goals run, the first target where
// none is named, and those that set the variables in them.
func recipes(src string, goals []string) []string {
	bodies, needs, variables := map[string][]string{}, map[string][]string{}, map[string][]string{}
	var targets []string
	for _, line := range strings.Split(strings.ReplaceAll(src, "\\\n", " "), "\n") {
		if strings.HasPrefix(line, "\t") {
			for _, t := range targets {
				bodies[t] = append(bodies[t], line)
			}
			continue
		}
		if m := makeVariable.FindStringSubmatch(line); m != nil {
			variables[m[1]] = append(variables[m[1]], line)
		} else if m := makeRule.FindStringSubmatch(line); m != nil {
			targets = strings.Fields(m[1])
			head, recipe, _ := strings.Cut(m[2], ";")
			for _, t := range targets {
				needs[t] = append(needs[t], strings.Fields(head)...)
				bodies[t] = append(bodies[t], recipe)
			}
			if len(goals) == 0 && !strings.HasPrefix(targets[0], ".") {
				goals = targets[:1]
			}
		}
	}
	var out, done []string
	for todo := slices.Clone(goals); len(todo) > 0; todo = todo[1:] {
		if t := todo[0]; !slices.Contains(done, t) {
			done = append(done, t)
			out = append(out, bodies[t]...)
			todo = append(todo, needs[t]...)
		}
	}
	for i := 0; i < len(out); i++ { // grows by what it names
		for _, m := range makeUse.FindAllStringSubmatch(out[i], -1) {
			out = append(out, variables[m[1]]...)
			delete(variables, m[1])
		}
	}
	return out
}
