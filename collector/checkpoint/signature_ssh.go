package checkpoint

import (
	"bytes"
	"cmp"
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/hiddeco/sshsig"
	"golang.org/x/crypto/ssh"

	"github.com/verdictci/verdict/collector/evidence"
)

// allowedSigner is a line of an allowed-signers file, as ssh-keygen takes it.
type allowedSigner struct {
	principals string
	key        ssh.PublicKey
	authority  bool     // the key signs certificates, not commits
	namespaces []string // patterns; none: all
	after      time.Time
	before     time.Time
	err        error // the line could not be read, and may hold any key
}

// parseAllowedSigners reads an allowed-signers file. A line that cannot be read takes
// none of the others away; the error is for a file in which none can.
func parseAllowedSigners(data []byte) (all []allowedSigner, err error) {
	number, read := 0, 0
	for line := range strings.Lines(string(data)) {
		number++
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		signer, lineErr := parseAllowedSigner(line)
		if lineErr != nil {
			signer = allowedSigner{err: fmt.Errorf("line %d: %w", number, lineErr)}
			err = cmp.Or(err, signer.err)
		} else {
			read++
		}
		all = append(all, signer)
	}
	if read > 0 {
		err = nil
	}
	return all, err
}

func parseAllowedSigner(line string) (s allowedSigner, err error) {
	rest := ""
	if quoted, ok := strings.CutPrefix(line, `"`); ok {
		s.principals, rest, _ = strings.Cut(quoted, `"`)
	} else if at := strings.IndexAny(line, " \t"); at > 0 {
		s.principals, rest = line[:at], line[at:]
	}
	key, _, options, _, err := ssh.ParseAuthorizedKey([]byte(strings.TrimSpace(rest)))
	if err != nil {
		return s, fmt.Errorf("read key: %w", err)
	}
	s.key = key
	for _, option := range options {
		name, value, _ := strings.Cut(option, "=")
		value = strings.Trim(value, `"`)
		switch strings.ToLower(name) {
		case "cert-authority":
			s.authority = true
		case "namespaces":
			s.namespaces = strings.Split(value, ",")
		case "valid-after":
			s.after, err = parseValidity(value)
		case "valid-before":
			s.before, err = parseValidity(value)
		default:
			err = fmt.Errorf("option %s is not known", name)
		}
		if err != nil {
			return s, err
		}
	}
	return s, nil
}

// parseValidity reads a time as ssh-keygen writes it: local, unless it ends in Z.
func parseValidity(text string) (time.Time, error) {
	zone, digits := time.Local, text
	if d, ok := strings.CutSuffix(strings.ToUpper(text), "Z"); ok {
		zone, digits = time.UTC, d
	}
	for _, layout := range []string{"20060102", "200601021504", "20060102150405"} {
		if len(digits) == len(layout) {
			return time.ParseInLocation(layout, digits, zone)
		}
	}
	return time.Time{}, fmt.Errorf("%q is no time", text)
}

// sshNamespace is what git signs commits for.
const sshNamespace = "git"

// verifySSH fills in what the allowed signers say of a signature. As for git, a
// key's validity is that at the commit's own date.
func verifySSH(signers []allowedSigner, payload, armored []byte, committed time.Time, s *evidence.Signature) {
	signature, err := sshsig.Unarmor(armored)
	if err != nil {
		s.State, s.Reason = signatureBad, "it cannot be read: "+err.Error()
		return
	}
	s.Key = ssh.FingerprintSHA256(signature.PublicKey)
	if signature.Signature.Format == ssh.KeyAlgoRSA { // with SHA-1, which ssh-keygen refuses
		s.State, s.Reason = signatureUnsupported, "RSA with SHA-1 proves nothing"
		return
	}
	if err := sshsig.Verify(bytes.NewReader(payload), signature, signature.PublicKey, signature.HashAlgorithm, sshNamespace); err != nil {
		s.State, s.Reason = signatureBad, err.Error()
		return
	}
	if _, certified := signature.PublicKey.(*ssh.Certificate); certified {
		s.State, s.Reason = signatureUnsupported, "it fits, but who certified its key is not verified (SSH certificate)"
		return
	}
	s.State = signatureUnknownKey
	var unread error
	for _, a := range signers {
		unread = cmp.Or(unread, a.err)
		if a.err != nil || !bytes.Equal(a.key.Marshal(), signature.PublicKey.Marshal()) {
			continue
		}
		switch {
		case a.authority:
			s.Reason = "the key is there to certify others (cert-authority), which is not supported"
		case !a.allows(sshNamespace):
			s.Reason = "the key is not allowed for commits (namespaces)"
		case !a.after.IsZero() && committed.Before(a.after), !a.before.IsZero() && committed.After(a.before):
			s.State, s.Signer, s.Reason = signatureExpiredKey, a.principals, "the commit's date is outside the key's time (valid-after, valid-before)"
		default:
			s.State, s.Signer, s.Reason = signatureGood, a.principals, ""
			return
		}
	}
	if unread != nil && s.Reason == "" {
		s.State, s.Reason = signatureUnverifiable, "no line that can be read holds its key; "+unread.Error()
	}
}

// allows reports whether a key counts for a namespace. A pattern with a "!" before it
// forbids what it names.
func (a *allowedSigner) allows(namespace string) bool {
	allowed := len(a.namespaces) == 0
	for _, pattern := range a.namespaces {
		pattern, not := strings.CutPrefix(strings.TrimSpace(pattern), "!")
		if ok, _ := path.Match(pattern, namespace); ok && not {
			return false
		} else if ok {
			allowed = true
		}
	}
	return allowed
}
