package evidence

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// FileName is the record in a bundle's folder.
const FileName = "bundle.json"

// Limits of what Read takes: a bundle may come from somebody who means harm.
const (
	maxBundle   = 256 << 20 // bytes of bundle.json
	maxCommands = 20_000
)

// Write seals the record and writes it into a bundle's folder: complete or not at
// all. That of a run that has ended is on the disk then.
func Write(dir string, b *Bundle) error {
	data, err := json.Marshal(b)
	if err != nil {
		return fmt.Errorf("write bundle: %w", err)
	}
	sealed := *b
	if sealed.Seal, err = seal(data); err != nil {
		return fmt.Errorf("write bundle: %w", err)
	}
	if data, err = json.MarshalIndent(&sealed, "", "  "); err != nil {
		return fmt.Errorf("write bundle: %w", err)
	}
	// Before its end a run has its journal, which only outlives the process.
	if err := writeFile(filepath.Join(dir, FileName), append(data, '\n'), !b.Finished.IsZero()); err != nil {
		return fmt.Errorf("write bundle: %w", err)
	}
	return nil
}

// seal is the SHA-256 of a record's members but the seal itself, in hexadecimal. It
// is taken over their sorted, compact form, so that only what they say counts.
func seal(record []byte) (string, error) {
	dec := json.NewDecoder(bytes.NewReader(record))
	dec.UseNumber() // a float64 holds no large integer
	var members map[string]any
	if err := dec.Decode(&members); err != nil {
		return "", err
	}
	delete(members, "seal")
	canonical, err := json.Marshal(members)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(canonical)
	return hex.EncodeToString(sum[:]), nil
}

// WriteFile writes a file beside its final place and renames it.
func WriteFile(path string, data []byte) error { return writeFile(path, data, false) }

// writeFile is WriteFile; lasting waits until the disk has the data.
func writeFile(path string, data []byte, lasting bool) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(f.Name())
		}
	}()
	if _, err = f.Write(data); err == nil && lasting {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// Read reads a bundle's folder and checks it: the form, that no path leaves the
// folder, that logs are plain files, and that their digests are what the record
// says. A record whose seal does not fit is Altered. Unknown members are refused, since what is not understood cannot be judged.
func Read(dir string) (*Bundle, error) {
	b, err := ReadRecord(dir)
	if err != nil {
		return nil, err
	}
	for _, list := range [][]Command{b.Setup, b.Commands} {
		for i := range list {
			if err := checkLogs(dir, &list[i]); err != nil {
				return nil, fmt.Errorf("command %q: %w", list[i].Key, err)
			}
		}
	}
	return b, nil
}

// ReadRecord reads bundle.json alone.
func ReadRecord(dir string) (*Bundle, error) {
	path := filepath.Join(dir, FileName)
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxBundle+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxBundle {
		return nil, fmt.Errorf("%s: larger than %d bytes", path, maxBundle)
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	var b Bundle
	if err := dec.Decode(&b); err != nil {
		line := 1 + bytes.Count(data[:min(int(dec.InputOffset()), len(data))], []byte("\n"))
		return nil, fmt.Errorf("%s:%d: %w", path, line, err)
	}
	if b.Schema != Schema {
		return nil, fmt.Errorf("%s: schema is %q, want %q", path, b.Schema, Schema)
	}
	if len(b.Commands) > maxCommands {
		return nil, fmt.Errorf("%s: more than %d commands", path, maxCommands)
	}
	want, err := seal(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	b.Altered = b.Seal != want
	return &b, nil
}

func checkLogs(dir string, c *Command) error {
	for _, step := range c.Steps {
		if step.Raw != "" && !filepath.IsLocal(filepath.FromSlash(step.Raw)) {
			return fmt.Errorf("path %q leaves the bundle", step.Raw)
		}
	}
	return checkLog(dir, &c.Log)
}

func checkLog(dir string, l *Log) error {
	if l.Path == "" {
		return nil
	}
	if !filepath.IsLocal(filepath.FromSlash(l.Path)) {
		return fmt.Errorf("path %q leaves the bundle", l.Path)
	}
	path := filepath.Join(dir, filepath.FromSlash(l.Path))
	info, err := os.Lstat(path)
	if err != nil {
		return fmt.Errorf("log: %w", err)
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("log %s is no plain file", l.Path)
	}
	if l.Truncated {
		return nil // the digest is over more than what is kept
	}
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("log: %w", err)
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return fmt.Errorf("log: %w", err)
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != l.SHA256 {
		return fmt.Errorf("log %s has digest %s, the record says %s", l.Path, got, l.SHA256)
	}
	return nil
}
