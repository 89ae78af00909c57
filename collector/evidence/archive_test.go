package evidence_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/verdictci/verdict/collector/evidence"
)

type entry struct {
	name string
	mode fs.FileMode
	text string
}

func archive(t *testing.T, entries ...entry) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, e := range entries {
		h := &zip.FileHeader{Name: e.name, Method: zip.Deflate}
		if e.mode != 0 {
			h.SetMode(e.mode)
		}
		f, err := w.CreateHeader(h)
		require.NoError(t, err)
		_, err = f.Write([]byte(e.text))
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return b.Bytes()
}

func TestUnpack(t *testing.T) {
	dir := t.TempDir()
	data := archive(t, entry{name: "20260209T101500/"}, entry{name: "20260209T101500/bundle.json", text: "{}"}, entry{name: "20260209T101500/logs/001.log", text: "ok\n"})
	got, err := evidence.Unpack(bytes.NewReader(data), int64(len(data)), dir)
	require.NoError(t, err)
	assert.Equal(t, filepath.Join(dir, "20260209T101500"), got)
	log, err := os.ReadFile(filepath.Join(got, "logs", "001.log"))
	require.NoError(t, err)
	assert.Equal(t, "ok\n", string(log))
}

func TestUnpackRefuses(t *testing.T) {
	good := entry{name: "bundle.json", text: "{}"}
	many := []entry{good}
	for i := range 100_000 {
		many = append(many, entry{name: fmt.Sprintf("logs/%d", i)})
	}
	// zeroes compress a thousand times: 3 GiB of them stand in 3 MiB
	zeroes := archive(t, good, entry{name: "logs/zero", text: string(make([]byte, 3<<20))})
	bomb := func(size uint64) []byte { // says of a few bytes that they become many
		var b bytes.Buffer
		w := zip.NewWriter(&b)
		f, err := w.CreateRaw(&zip.FileHeader{Name: "bundle.json", Method: zip.Deflate, CompressedSize64: 10, UncompressedSize64: size})
		require.NoError(t, err)
		f.Write(make([]byte, 10))
		require.NoError(t, w.Close())
		return b.Bytes()
	}
	cases := map[string]struct {
		data []byte
		want string
	}{
		"no archive":         {[]byte("PK not really"), "zip"},
		"no bundle":          {archive(t, entry{name: "a.txt"}), "no bundle.json"},
		"two bundles":        {archive(t, good, entry{name: "b/bundle.json"}), "several bundles"},
		"a path above":       {archive(t, good, entry{name: "../../etc/cron.d/x"}), "leaves the folder"},
		"an absolute path":   {archive(t, good, entry{name: "/etc/passwd"}), "leaves the folder"},
		"a Windows path":     {archive(t, good, entry{name: `..\x`}), "leaves the folder"},
		"a drive":            {archive(t, good, entry{name: `C:/x`}), "leaves the folder"},
		"a symbolic link":    {archive(t, good, entry{name: "logs", mode: fs.ModeSymlink | 0o777, text: "/etc"}, entry{name: "logs/x"}), "no plain file"},
		"a device":           {archive(t, good, entry{name: "dev", mode: fs.ModeDevice | 0o600}), "no plain file"},
		"a name twice":       {archive(t, good, entry{name: "logs/A"}, entry{name: "logs/a"}), "stands twice"},
		"a file as a folder": {archive(t, good, entry{name: "x"}, entry{name: "x/y"}), "unpack"},
		"too many":           {archive(t, many...), "100001 entries"},
		"a bomb":             {bomb(3 << 30), "more than"},
		"a larger bomb":      {bomb(1 << 63), "more than"},
		"damaged":            {append(bytes.Clone(zeroes[:len(zeroes)/2]), zeroes[len(zeroes)/2+1:]...), "archive refused"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			_, err := evidence.Unpack(bytes.NewReader(c.data), int64(len(c.data)), filepath.Join(dir, "in"))
			require.Error(t, err)
			assert.Contains(t, err.Error(), c.want)
			names, err := filepath.Glob(filepath.Join(dir, "*"))
			require.NoError(t, err)
			assert.LessOrEqual(t, len(names), 1, "nothing is written beside the folder")
		})
	}
}
