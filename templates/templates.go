// Package templates holds the files of the page: its skeleton, style and script.
package templates

import "embed"

// Files are page.html.tmpl, page.css and page.js.
//
//go:embed page.html.tmpl page.css page.js
var Files embed.FS
