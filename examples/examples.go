// Package examples holds the repository that 'verdict demo' builds, as text
// archives (txtar): one for each commit, in the order of their names, and the
// tracker as a template.
package examples

import "embed"

// Demo holds demo/*.txtar, demo/tracker.md.tmpl and the front end's lock file.
//
//go:embed demo
var Demo embed.FS
