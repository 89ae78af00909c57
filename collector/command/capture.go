package command

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/verdictci/verdict/collector/evidence"
)

const (
	chunkSize  = 256 << 10
	headWindow = 8 << 10
	tailWindow = 16 << 10
	tailKept   = 1 << 20 // of a log that is cut, its end
	lineEvery  = 200 * time.Millisecond
)

// capture reads a command's output to its end: into a file up to a limit, into a
// digest, and into windows of its beginning and end. Its memory does not grow.
type capture struct {
	reader, writer *os.File
	file           *os.File
	path           string
	max            int64
	secrets        *scrubber
	lines          func(string)
	every          bool   // lines is told all of them
	part           []byte // of a line that has no end yet, when every line is told

	done     chan struct{} // the reader has ended
	complete bool          // …because the output did
	err      error         // of writing the log; reading goes on

	bytes, kept int64
	head        []byte
	tail        ring
	cut         ring // what would be the end of a log that is cut
	hash        hash.Hash
	chunks      chan piece
	hashed      sync.WaitGroup
	pool        sync.Pool
	lastLine    time.Time
}

func newCapture(path string, max int64, secrets *Secrets, lines func(string)) (*capture, error) {
	file, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	r, w, err := os.Pipe()
	if err != nil {
		file.Close()
		return nil, err
	}
	enlargePipe(w)
	if max <= 0 {
		max = 64 << 20
	}
	c := &capture{
		reader: r, writer: w, file: file, path: path, max: max, secrets: secrets.scrubber(), lines: lines, done: make(chan struct{}),
		tail: ring{size: tailWindow}, hash: sha256.New(), chunks: make(chan piece, 4),
	}
	c.pool.New = func() any { b := make([]byte, chunkSize+maxHeld); return &b }
	return c, nil
}

// abandon is for a command that did not start.
func (c *capture) abandon() {
	c.writer.Close()
	c.reader.Close()
	c.file.Close()
	os.Remove(c.path)
}

// started gives the pipe's writing end to the command alone, and reads.
func (c *capture) started() {
	c.writer.Close()
	c.hashed.Add(1)
	go func() {
		defer c.hashed.Done()
		for p := range c.chunks {
			c.hash.Write(p.text)
			c.pool.Put(p.buf)
		}
	}()
	go c.read()
}

func (c *capture) read() {
	defer close(c.done)
	for {
		buf := c.pool.Get().(*[]byte)
		p, err := c.secrets.read(c.reader, *buf)
		c.take(piece{buf, p})
		if err != nil {
			c.complete = err == io.EOF
			if len(c.part) > 0 {
				c.showLines([]byte{'\n'})
			}
			return
		}
	}
}

// piece is a part of the output, and the buffer that it is in.
type piece struct {
	buf  *[]byte
	text []byte
}

// take keeps a piece of output.
func (c *capture) take(read piece) {
	p := read.text
	if len(p) == 0 {
		c.pool.Put(read.buf)
		return
	}
	c.bytes += int64(len(p))
	if room := headWindow - len(c.head); room > 0 {
		c.head = append(c.head, p[:min(room, len(p))]...)
	}
	c.tail.write(p)
	n := min(int64(len(p)), max(c.max-c.endKept()-c.kept, 0))
	c.write(p[:n])
	c.cutRing(p[n:])
	c.showLine(p)
	c.chunks <- read
}

// endKept is how much of the limit is for the end of a log that is cut.
func (c *capture) endKept() int64 { return min(tailKept, c.max/2) }

func (c *capture) cutRing(p []byte) {
	if len(p) == 0 {
		return
	}
	c.cut.size = int(c.endKept())
	c.cut.write(p)
}

func (c *capture) write(p []byte) {
	if c.err != nil || len(p) == 0 {
		return
	}
	n, err := c.file.Write(p)
	c.kept += int64(n)
	c.err = err
}

// showLine passes on the last line of a piece, seldom enough to cost nothing; or
// every line.
func (c *capture) showLine(p []byte) {
	switch {
	case c.lines == nil:
		return
	case c.every:
		c.showLines(p)
		return
	case time.Since(c.lastLine) < lineEvery:
		return
	}
	c.lastLine = time.Now()
	p = bytes.TrimRight(p, "\r\n \t")
	if at := bytes.LastIndexByte(p, '\n'); at >= 0 {
		p = p[at+1:]
	}
	p = afterReturn(p)
	c.lines(strings.ToValidUTF8(string(p[:min(len(p), 300)]), "\ufffd"))
}

// afterReturn is what a terminal would still show of a line: a carriage return
// begins it again, as progress bars do.
func afterReturn(line []byte) []byte {
	line = bytes.TrimRight(line, "\r")
	return line[bytes.LastIndexByte(line, '\r')+1:]
}

// showLines passes on every line that has an end; a very long one in parts.
func (c *capture) showLines(p []byte) {
	c.part = append(c.part, p...)
	rest := c.part
	for {
		line, after, ended := bytes.Cut(rest, []byte{'\n'})
		if !ended && len(line) < headWindow {
			break
		}
		c.lines(strings.ToValidUTF8(string(afterReturn(line)), "\ufffd"))
		rest = after
	}
	c.part = append(c.part[:0], rest...)
}

// waitEnd waits for the end of the output, and reports whether it came.
func (c *capture) waitEnd(limit time.Duration) bool {
	select {
	case <-c.done:
		return true
	case <-time.After(limit):
		return false
	}
}

// finish closes the log and describes it. Where something still holds the output
// open, reading ends here and the log is not complete.
func (c *capture) finish(bundle string) evidence.Log {
	if !c.waitEnd(0) {
		c.reader.SetReadDeadline(time.Now())
		<-c.done
	}
	c.reader.Close()
	close(c.chunks)
	c.hashed.Wait()
	log := evidence.Log{Bytes: c.bytes, SHA256: hex.EncodeToString(c.hash.Sum(nil))}
	if end := c.cut.bytes(); len(end) > 0 {
		if missing := c.bytes - c.kept - int64(len(end)); missing > 0 {
			log.Truncated = true
			c.write(fmt.Appendf(nil, "\n… verdict cut %d bytes here; the digest is over all of them …\n", missing))
		}
		c.write(end)
	}
	if err := c.file.Close(); err != nil && c.err == nil {
		c.err = err
	}
	log.Truncated = log.Truncated || c.err != nil
	log.Kept, log.Complete = c.kept, c.complete && c.err == nil
	if rel, err := filepath.Rel(bundle, c.path); err == nil {
		log.Path = filepath.ToSlash(rel)
	}
	log.Head, log.Tail = c.windows()
	return log
}

// windows gives the beginning and the end of the output as text; all of it in the
// first where it is small.
func (c *capture) windows() (string, string) {
	if c.bytes <= headWindow {
		return validText(c.head), ""
	}
	head := c.head
	if at := bytes.LastIndexByte(head, '\n'); at > 0 {
		head = head[:at+1]
	}
	tail := c.tail.bytes()
	if overlap := int64(len(head)+len(tail)) - c.bytes; overlap > 0 {
		tail = tail[overlap:]
	} else if at := bytes.IndexByte(tail, '\n'); at >= 0 && at < len(tail)-1 {
		tail = tail[at+1:]
	}
	return validText(head), validText(tail)
}

func validText(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	return strings.ToValidUTF8(string(b), "\ufffd")
}

// ring keeps the last bytes that were written to it.
type ring struct {
	buf   []byte
	size  int
	start int
}

func (r *ring) write(p []byte) {
	if len(p) >= r.size {
		r.buf, r.start = append(r.buf[:0], p[len(p)-r.size:]...), 0
		return
	}
	if room := r.size - len(r.buf); room > 0 {
		n := min(room, len(p))
		r.buf = append(r.buf, p[:n]...)
		p = p[n:]
	}
	for len(p) > 0 {
		n := copy(r.buf[r.start:], p)
		r.start = (r.start + n) % r.size
		p = p[n:]
	}
}

func (r *ring) bytes() []byte {
	return append(append([]byte{}, r.buf[r.start:]...), r.buf[:r.start]...)
}
