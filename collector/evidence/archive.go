package evidence

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Limits of what Unpack takes.
const (
	maxEntries  = 20_000
	maxUnpacked = 2 << 30 // bytes, all files together
)

// ErrHostile says that an archive is not one that verdict made.
var ErrHostile = errors.New("archive refused")

// Unpack writes an archive's files below dir, which must be empty, and returns the
// folder in it that holds the bundle. The archive may come from somebody who means
// harm: it is refused, with the reason, when it has too many files or bytes, when a
// name leaves the folder, stands twice or is no plain file, or when it does not hold
// just one bundle. What it holds is not checked here; see [Read].
func Unpack(r io.ReaderAt, size int64, dir string) (string, error) {
	archive, err := zip.NewReader(r, size)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrHostile, err)
	}
	if len(archive.File) > maxEntries {
		return "", fmt.Errorf("%w: %d entries, at most %d are read", ErrHostile, len(archive.File), maxEntries)
	}
	declared := uint64(0)
	for _, f := range archive.File { // what they say of themselves, before anything is written
		if declared += f.UncompressedSize64; f.UncompressedSize64 > maxUnpacked || declared > maxUnpacked {
			return "", fmt.Errorf("%w: more than %d bytes", ErrHostile, int64(maxUnpacked))
		}
	}
	seen := map[string]bool{}
	left := int64(maxUnpacked)
	bundle := ""
	for _, f := range archive.File {
		name, err := entryName(f, seen)
		if err != nil {
			return "", err
		}
		if name == "" {
			continue // a folder
		}
		if filepath.Base(name) == FileName {
			if bundle != "" {
				return "", fmt.Errorf("%w: it holds several bundles", ErrHostile)
			}
			bundle = filepath.Dir(filepath.FromSlash(name))
		}
		n, err := unpackFile(f, filepath.Join(dir, filepath.FromSlash(name)), left)
		if err != nil {
			return "", err
		}
		left -= n
	}
	if bundle == "" {
		return "", fmt.Errorf("%w: it holds no %s", ErrHostile, FileName)
	}
	return filepath.Join(dir, bundle), nil
}

// entryName checks an entry and returns its name; empty for a folder.
func entryName(f *zip.File, seen map[string]bool) (string, error) {
	name := f.Name
	folder := strings.HasSuffix(name, "/")
	local := filepath.FromSlash(strings.TrimSuffix(name, "/"))
	switch mode := f.Mode(); {
	case strings.ContainsAny(name, "\\\x00:") || !filepath.IsLocal(local) || local == "." || strings.Contains(name, "//"):
		return "", fmt.Errorf("%w: the name %q leaves the folder", ErrHostile, name)
	case folder && (mode.IsDir() || mode.IsRegular()):
		return "", nil
	case !mode.IsRegular():
		return "", fmt.Errorf("%w: %q is no plain file", ErrHostile, name)
	}
	key := strings.ToLower(filepath.Clean(local))
	if seen[key] {
		return "", fmt.Errorf("%w: %q stands twice", ErrHostile, name)
	}
	seen[key] = true
	return name, nil
}

// unpackFile writes one file of at most left bytes, whatever the archive says of its
// size.
func unpackFile(f *zip.File, path string, left int64) (n int64, err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return 0, fmt.Errorf("unpack archive: %w", err)
	}
	in, err := f.Open()
	if err != nil {
		return 0, fmt.Errorf("%w: %q: %w", ErrHostile, f.Name, err)
	}
	defer in.Close()
	out, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return 0, fmt.Errorf("%w: %q stands twice", ErrHostile, f.Name)
	} else if err != nil {
		return 0, fmt.Errorf("unpack archive: %w", err)
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	n, err = io.Copy(out, io.LimitReader(in, left+1))
	switch {
	case n > left:
		return n, fmt.Errorf("%w: more than %d bytes", ErrHostile, int64(maxUnpacked))
	case err != nil:
		return n, fmt.Errorf("%w: %q: %w", ErrHostile, f.Name, err)
	}
	return n, nil
}
