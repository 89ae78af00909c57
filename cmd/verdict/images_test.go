package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"flag"
	"fmt"
	"hash/crc32"
	"html"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/verdictci/verdict/verdict/render/browsertest"
)

var update = flag.Bool("update", false, "write the pictures of docs/images again; needs npm, tmux and Chromium")

var imageFolder, _ = filepath.Abs("../../docs/images")

// TestImages holds the pictures of the documents to what verdict says today: the
// words in them are compared with a run of the demo. docs/images/make writes them.
func TestImages(t *testing.T) {
	dir := demoWithLies(t)
	t.Chdir(dir)
	recording, picture := filepath.Join(imageFolder, "terminal.svg"), filepath.Join(imageFolder, "page.png")
	if *update {
		require.NoError(t, os.WriteFile(recording, record(t), 0o644))
	}
	var out, progress bytes.Buffer
	require.Equal(t, exitNoGo, execute(context.Background(), []string{"run", demoTracker}, streams{out: &out, err: &progress}))
	compareRecording(t, recording, out.String(), progress.String())

	page := filepath.Join(t.TempDir(), "page.html")
	run, err := findRun(dir, "last")
	require.NoError(t, err)
	require.Equal(t, exitGo, execute(context.Background(), []string{"render", "--format", "html", "-o", page, run}, streams{out: &out, err: &progress}))
	ctx := browsertest.Open(t)
	shot, words := photograph(ctx, t, page)
	if *update {
		require.NoError(t, os.WriteFile(picture, withText(shot, words), 0o644))
	}
	png, err := os.ReadFile(picture)
	require.NoError(t, err)
	assert.Equal(t, steady(words), steady(textOf(png)), "docs/images/page.png shows another page; docs/images/make writes it again")
	size := 0
	for _, name := range []string{recording, picture} {
		info, err := os.Stat(name)
		require.NoError(t, err)
		size += int(info.Size())
	}
	assert.Less(t, size, 300_000, "bytes of pictures")
}

// demoWithLies is the demo's repository before its work is put right.
func demoWithLies(t *testing.T) string {
	t.Helper()
	ctx := context.Background()
	var out bytes.Buffer
	d, err := newDemo(ctx, filepath.Join(t.TempDir(), "shop"), streams{out: &out, err: &out})
	require.NoError(t, err)
	if !d.frontend {
		if os.Getenv("VERDICT_TEST_REQUIRE_NODE") != "" {
			t.Fatal("npm is required: " + out.String())
		}
		t.Skip("npm cannot install vitest and tsc here; the pictures are not compared")
	}
	for _, archive := range []string{"0-base", "1-discount", "2-vat"} {
		require.NoError(t, d.commitArchive(ctx, archive))
	}
	require.NoError(t, d.writeTracker(ctx, false))
	return d.dir
}

// steady takes out of a text what differs from run to run.
func steady(s string) string {
	s = regexp.MustCompile(`\d+(\.\d+)? ?(ms|s)\b`).ReplaceAllString(s, "0 s")
	return regexp.MustCompile(`[ \t]+`).ReplaceAllString(strings.TrimSpace(s), " ")
}

var (
	frameOf = regexp.MustCompile(`(?s)<g class="[^"]*">.*?</g>`)
	rowOf   = regexp.MustCompile(`<text[^>]*>(.*?)</text>`)
	markup  = regexp.MustCompile(`<[^>]*>`)
)

// compareRecording holds the frames to the lines of a run: what is shown in the
// last one, and the commands of every one.
func compareRecording(t *testing.T, path, report, progress string) {
	t.Helper()
	svg, err := os.ReadFile(path)
	require.NoError(t, err)
	frames := frameOf.FindAllString(string(svg), -1)
	require.Greater(t, len(frames), 4, "a recording has frames")
	numbered := regexp.MustCompile(`\[\d/7\] `)
	known := strings.Split(steady(numbered.ReplaceAllString(report+progress, "")), "\n")
	says := func(line string) bool {
		return slices.ContainsFunc(known, func(k string) bool { return strings.HasPrefix(strings.TrimSpace(k), line) })
	}
	for n, frame := range frames {
		for _, row := range rowOf.FindAllStringSubmatch(frame, -1) {
			line := html.UnescapeString(markup.ReplaceAllString(row[1], ""))
			switch {
			case strings.HasPrefix(line, "$ "), strings.Contains(line, " to go, "), strings.Contains(line, " done, "), strings.HasPrefix(line, "    ") && n < len(frames)-1:
				continue // the prompt, the sum, and what commands print
			case strings.HasPrefix(line, "  go ") || strings.HasPrefix(line, "  node"):
				_, line, _ = strings.Cut(line, "SHOP-0")
				_, line, _ = strings.Cut(line, "  ")
				line = "run " + line
			}
			line = steady(strings.TrimSuffix(numbered.ReplaceAllString(line, ""), "…"))
			assert.True(t, says(line), "frame %d of %s says %q, verdict does not; docs/images/make writes it again", n+1, path, line)
		}
	}
	last := steady(html.UnescapeString(markup.ReplaceAllString(frames[len(frames)-1], "")))
	for _, line := range strings.SplitN(report, "\n", 11)[:10] {
		assert.Contains(t, last, steady(line))
	}
}

// photograph takes a picture of the page's upper part, with the words in it.
func photograph(ctx context.Context, t *testing.T, page string) (shot []byte, words string) {
	t.Helper()
	_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "light"}}})
	require.NoError(t, err)
	require.NoError(t, chromedp.Do(ctx, chromedp.EmulateViewport(1000, 1130), chromedp.Navigate("file://"+page)))
	shot, err = chromedp.Run(ctx, chromedp.CaptureScreenshot())
	require.NoError(t, err)
	words, err = chromedp.Run(ctx, chromedp.Evaluate[string](`[...document.querySelectorAll("h1, h2, p, dt, dd, th, td, summary")].filter((e) => e.getBoundingClientRect().top < innerHeight && e.offsetParent).map((e) => e.innerText.replace(/\s+/g, " ")).join("\n")`))
	require.NoError(t, err)
	return shot, words
}

const pngKeyword = "Description\x00"

// withText puts words into a PNG, as a tEXt chunk before its end.
func withText(png []byte, words string) []byte {
	chunk := append([]byte("tEXt"+pngKeyword), html.EscapeString(words)...)
	var b bytes.Buffer
	end := len(png) - 12 // IEND: length, name, checksum
	b.Write(png[:end])
	binary.Write(&b, binary.BigEndian, uint32(len(chunk)-4))
	b.Write(chunk)
	binary.Write(&b, binary.BigEndian, crc32.ChecksumIEEE(chunk))
	b.Write(png[end:])
	return b.Bytes()
}

func textOf(png []byte) string {
	at := bytes.Index(png, []byte("tEXt"+pngKeyword))
	if at < 4 {
		return ""
	}
	size := int(binary.BigEndian.Uint32(png[at-4:]))
	return html.UnescapeString(string(png[at+4+len(pngKeyword) : at+4+size]))
}

// record runs verdict in a terminal and draws each screen that differs.
func record(t *testing.T) []byte {
	t.Helper()
	bin := t.TempDir()
	build := exec.Command("go", "build", "-o", filepath.Join(bin, "verdict"), ".")
	build.Dir = filepath.Dir(testFolder)
	out, err := build.CombinedOutput()
	require.NoError(t, err, string(out))
	t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	command := "verdict run --color always " + demoTracker + " | head"
	var screens []string
	script := fmt.Sprintf("printf '%%s\\n' '$ %s'; sleep 0.5; %s", command, command)
	watchScreens(t, 100, 24, script, func(screen string) {
		screen = strings.TrimRight(screen, "\n")
		if strings.Contains(screen, "$ verdict") && (len(screens) == 0 || screens[len(screens)-1] != screen) {
			screens = append(screens, screen)
		}
	})
	return draw(screens)
}

// draw makes one SVG of screens that follow each other.
func draw(screens []string) []byte {
	const lineHeight, width = 18, 860
	rows := 0
	for _, s := range screens {
		rows = max(rows, strings.Count(s, "\n")+1)
	}
	height := rows*lineHeight + 24
	var b strings.Builder
	fmt.Fprintf(&b, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"verdict run in a terminal\">\n", width, height)
	b.WriteString("<style>text{font:13.6px ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace;fill:#e6e6e3;white-space:pre}.b{font-weight:700}.d{fill:#a6abb0}.r{fill:#f19a94}.g{fill:#7fcf95}.y{fill:#e2b65c}g{opacity:0}\n")
	total := float64(len(screens)) + 12 // the last one stays
	for i := range screens {
		from, to := float64(i)/total*100, float64(i+1)/total*100
		if i == len(screens)-1 {
			to = 100
		}
		fmt.Fprintf(&b, "@keyframes k%d{0%%,%.2f%%{opacity:0}%.2f%%,%.2f%%{opacity:1}%.2f%%,100%%{opacity:%d}}.f%d{animation:k%d %.1fs step-end infinite}\n", i, from, from, to, to, map[bool]int{true: 1}[to == 100], i, i, total*0.35)
	}
	fmt.Fprintf(&b, "@media (prefers-reduced-motion:reduce){g{animation:none!important}.f%d{opacity:1}}</style>\n<rect width=\"%d\" height=\"%d\" rx=\"6\" fill=\"#16181a\"/>\n", len(screens)-1, width, height)
	for i, s := range screens {
		fmt.Fprintf(&b, "<g class=\"f%d\">", i)
		for n, line := range strings.Split(s, "\n") {
			if line != "" {
				fmt.Fprintf(&b, "<text x=\"14\" y=\"%d\">%s</text>", 24+n*lineHeight, coloured(line))
			}
		}
		b.WriteString("</g>\n")
	}
	b.WriteString("</svg>\n")
	return []byte(b.String())
}

var sgr = regexp.MustCompile(`\x1b\[([0-9;]*)m`)

// coloured turns the colours of a terminal's line into spans.
func coloured(line string) string {
	var b strings.Builder
	class, at := "", 0
	put := func(s string) {
		if s != "" && class != "" {
			fmt.Fprintf(&b, "<tspan class=\"%s\">%s</tspan>", strings.TrimSpace(class), html.EscapeString(s))
		} else {
			b.WriteString(html.EscapeString(s))
		}
	}
	for _, m := range sgr.FindAllStringSubmatchIndex(line, -1) {
		put(line[at:m[0]])
		at = m[1]
		for _, code := range strings.Split(line[m[2]:m[3]], ";") {
			switch code {
			case "", "0", "39", "22":
				class = ""
			default:
				class += map[string]string{"1": " b", "2": " d", "31": " r", "32": " g", "33": " y"}[code]
			}
		}
	}
	put(line[at:])
	return b.String()
}
