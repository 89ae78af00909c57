package tracker_test

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/verdictci/verdict/collector/tracker"
)

// corpus is the folder of real trackers beside the repository.
const corpus = "../../../shared/corpus"

// label is one line of the corpus's hand-made counts.
type label struct {
	file                               string
	packets, done, todo, required      int
	withExit, withoutExit, checkpoints int
	verdict                            string
}

func labels(t *testing.T) []label {
	t.Helper()
	f, err := os.Open(filepath.Join(corpus, "labels.tsv"))
	if err != nil {
		t.Skipf("the corpus of real trackers is not there: %v", err)
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.Comma, r.LazyQuotes = '\t', true
	rows, err := r.ReadAll()
	require.NoError(t, err)
	var out []label
	for _, row := range rows[1:] {
		n := func(i int) int {
			v, err := strconv.Atoi(row[i])
			require.NoError(t, err)
			return v
		}
		out = append(out, label{row[0], n(1), n(2), n(3), n(4), n(5), n(6), n(7), row[8]})
	}
	return out
}

func parseCorpus(t *testing.T, file string) (*tracker.Tracker, []string) {
	t.Helper()
	src, err := os.ReadFile(filepath.Join(corpus, "trackers", file))
	require.NoError(t, err)
	return tracker.Parse(file, src, nil), strings.Split(string(src), "\n")
}

// TestCorpusCounts compares with counts made by hand. What is counted: packets on
// the board; required commands with a check box; numbered lines of evidence, with
// and without an exit code; packets whose closing list or Commit: entry names a
// hash.
func TestCorpusCounts(t *testing.T) {
	for _, want := range labels(t) {
		t.Run(want.file, func(t *testing.T) {
			tr, _ := parseCorpus(t, want.file)
			got := label{file: want.file, packets: len(tr.Packets), verdict: "none"}
			for i := range tr.Packets {
				count(&tr.Packets[i], &got)
			}
			if v := tr.Recorded(); v != nil {
				got.verdict = v.Decision
			}
			assert.Equal(t, want, got)
			for _, w := range tr.Warnings {
				assert.Fail(t, "a warning about a tracker that reads well", "%s: %s", w.Pos, w.Message)
			}
		})
	}
}

func count(p *tracker.Packet, got *label) {
	if p.Done() {
		got.done++
	} else {
		got.todo++
	}
	for _, r := range p.Required {
		if r.HasBox {
			got.required++
		}
	}
	for _, c := range p.Evidence.Claims {
		switch {
		case c.Number == 0:
		case c.Result.Kind == tracker.ResultExit:
			got.withExit++
		default:
			got.withoutExit++
		}
	}
	for _, c := range p.Checkpoints {
		if c.Kind == tracker.CheckpointHash && c.Source != "table" {
			got.checkpoints++
			break
		}
	}
}

// TestCorpusPositions reads the source again at every position.
func TestCorpusPositions(t *testing.T) {
	for _, l := range labels(t) {
		t.Run(l.file, func(t *testing.T) {
			tr, lines := parseCorpus(t, l.file)
			at := func(p tracker.Pos) string {
				require.LessOrEqual(t, p.Line, len(lines), "%s", p)
				runes := []rune(lines[p.Line-1])
				require.LessOrEqual(t, p.Column, len(runes)+1, "%s", p)
				return string(runes[p.Column-1:])
			}
			for _, p := range tr.Packets {
				for _, r := range p.Required {
					assert.True(t, strings.HasPrefix(at(r.Pos), r.Command), "%s: %q is not %q", r.Pos, at(r.Pos), r.Command)
				}
				for _, c := range p.Evidence.Claims {
					if c.Command != "" {
						assert.True(t, strings.HasPrefix(at(c.Pos), c.Command), "%s: %q is not %q", c.Pos, at(c.Pos), c.Command)
					}
				}
				for _, c := range p.Checkpoints {
					if c.Kind == tracker.CheckpointHash {
						assert.True(t, strings.HasPrefix(at(c.Pos), c.Hash), "%s: %q is not %q", c.Pos, at(c.Pos), c.Hash)
					}
				}
				for _, b := range p.Boxes {
					first, _ := utf8.DecodeRuneInString(b.Text)
					assert.Contains(t, at(b.Pos)[:min(12, len(at(b.Pos)))], string(first), "%s: box %q", b.Pos, b.Text)
				}
			}
		})
	}
}
