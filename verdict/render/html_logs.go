package render

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"fmt"
	"io"
	"io/fs"

	"github.com/verdictci/verdict/collector/evidence"
)

// The page's room for logs: bytes of one log before packing, and of all logs
// packed.
const (
	maxLogRaw   = 16 << 20
	maxLogsText = 1200 << 10
)

// packLog gives the log in base64 of gzip, and whether it is all of it. A log
// that does not fit is represented by the lines that the report has.
func packLog(e *evidence.Command, logs fs.FS, room int) (string, bool, error) {
	if logs != nil && fs.ValidPath(e.Log.Path) && e.Log.Path != "." && e.Log.Kept <= maxLogRaw {
		data, err := readLog(logs, e.Log.Path)
		if err == nil {
			packed, err := pack(data)
			if err != nil || len(packed) <= room {
				return packed, true, err
			}
		}
	}
	ends := e.Log.Head
	if e.Log.Tail != "" {
		ends += "\n… (lines are left out here) …\n" + e.Log.Tail
	}
	if ends == "" {
		return "", e.Log.Bytes == 0, nil
	}
	packed, err := pack([]byte(ends))
	if err != nil || len(packed) > room {
		return "", false, err
	}
	return packed, e.Log.Tail == "", nil
}

// readLog reads a regular file that is not too large.
func readLog(logs fs.FS, path string) ([]byte, error) {
	f, err := logs.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() || info.Size() > maxLogRaw {
		return nil, fmt.Errorf("read log %s: not a regular file of at most %d bytes", path, maxLogRaw)
	}
	return io.ReadAll(io.LimitReader(f, maxLogRaw))
}

func pack(data []byte) (string, error) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(data); err != nil {
		return "", err
	}
	if err := z.Close(); err != nil {
		return "", err
	}
	return base64.StdEncoding.EncodeToString(b.Bytes()), nil
}
