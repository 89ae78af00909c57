package checkpoint

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/verdictci/verdict/collector/checkpoint/gitstore"
	"github.com/verdictci/verdict/collector/evidence"
)

// States of a signature; see evidence.Signature.
const (
	signatureGood         = "good"
	signatureBad          = "bad"
	signatureUnknownKey   = "unknown key"
	signatureExpiredKey   = "expired key"
	signatureRevokedKey   = "revoked key"
	signatureExpired      = "expired"
	signatureUnsigned     = "unsigned"
	signatureOtherKind    = "other kind"
	signatureUnsupported  = "unsupported"
	signatureUnverifiable = "unverifiable"
)

// keys are the team's keys, read once.
type keys struct {
	ring    keyRing
	ringErr error
	ssh     []allowedSigner
	sshErr  error
}

// readKeys reads the files that hold the keys. With a base they are the base's: a
// change cannot bring the key that it is signed with.
func (v *verifier) readKeys() {
	if v.options.Signed == "" {
		return
	}
	now := time.Now()
	if path := v.options.KeyRing; path != "" {
		data, err := v.readKeyFile(path)
		if err == nil {
			v.keys.ring, err = parseKeyRing(data, now)
		}
		v.keys.ringErr = wrapKeys(path, err)
	}
	if path := v.options.AllowedSigners; path != "" {
		data, err := v.readKeyFile(path)
		if err == nil {
			v.keys.ssh, err = parseAllowedSigners(data)
		}
		v.keys.sshErr = wrapKeys(path, err)
	}
}

func wrapKeys(path string, err error) error {
	if err != nil {
		return fmt.Errorf("read keys of %s: %w", path, err)
	}
	return nil
}

// maxKeys is the size in bytes of the largest file with keys.
const maxKeys = 16 << 20

func (v *verifier) readKeyFile(path string) ([]byte, error) {
	if v.options.Base == "" {
		return os.ReadFile(filepath.Join(v.store.Root, filepath.FromSlash(path)))
	}
	h, err := v.store.File(fullHash(v.result.Base), path)
	if err != nil {
		return nil, err
	}
	data, ok, err := v.store.Blob(h, maxKeys)
	if err == nil && !ok {
		err = gitstore.ErrTooLarge
	}
	return data, err
}

// signature verifies the signature of a commit, where signatures are asked for.
func (v *verifier) signature(c *gitstore.Commit) *evidence.Signature {
	if v.options.Signed == "" {
		return nil
	}
	payload, armored, err := splitSignature(c.Raw)
	s := &evidence.Signature{Kind: kindOf(armored)}
	switch {
	case err != nil:
		s.State, s.Reason = signatureBad, err.Error()
	case len(armored) == 0:
		s.State = signatureUnsigned
	case s.Kind == "":
		s.State, s.Reason = signatureUnsupported, "its form is not known"
	case s.Kind == "x509":
		s.State, s.Reason = signatureUnsupported, "X.509 signatures are not verified"
	case v.options.Signed != "any" && v.options.Signed != s.Kind:
		s.State, s.Reason = signatureOtherKind, fmt.Sprintf("signed with %s, and %s is asked for", s.Kind, v.options.Signed)
	case s.Kind == "gpg" && v.keys.ringErr != nil:
		s.State, s.Reason = signatureUnverifiable, v.keys.ringErr.Error()
	case s.Kind == "gpg":
		v.keys.ring.verify(payload, armored, s)
	case v.keys.sshErr != nil:
		s.State, s.Reason = signatureUnverifiable, v.keys.sshErr.Error()
	default:
		verifySSH(v.keys.ssh, payload, armored, c.Committed, s)
	}
	return s
}

func kindOf(armored []byte) string {
	for begin, kind := range map[string]string{
		"-----BEGIN PGP SIGNATURE-----": "gpg", "-----BEGIN PGP MESSAGE-----": "gpg", "-----BEGIN SSH SIGNATURE-----": "ssh", "-----BEGIN SIGNED MESSAGE-----": "x509",
	} {
		if bytes.HasPrefix(armored, []byte(begin)) {
			return kind
		}
	}
	return ""
}

var errTwoSignatures = errors.New("it carries two signatures")

// splitSignature takes the signature out of a commit: what is left is what was
// signed.
func splitSignature(raw []byte) (payload, armored []byte, err error) {
	head, message, found := bytes.Cut(raw, []byte("\n\n"))
	inside, count := "", 0
	for line := range strings.Lines(string(head)) {
		continued := strings.HasPrefix(line, " ")
		if !continued {
			inside, _, _ = strings.Cut(line, " ")
		}
		switch inside {
		case "gpgsig":
			if !continued {
				count++
				line = strings.TrimPrefix(line, "gpgsig")
			}
			armored = append(armored, strings.TrimPrefix(line, " ")...)
		case "gpgsig-sha256": // of the same commit under its other name
		default:
			payload = append(payload, line...)
		}
	}
	if count > 1 {
		return nil, nil, errTwoSignatures
	}
	if found {
		payload = append(append(bytes.TrimSuffix(payload, []byte("\n")), "\n\n"...), message...)
	}
	return payload, armored, nil
}
