package checkpoint

import (
	"strings"

	"github.com/verdictci/verdict/collector/checkpoint/gitstore"
	"github.com/verdictci/verdict/collector/evidence"
)

// signature says which kind of signature a commit carries, where signatures are
// asked for. Whose it is cannot be said without the team's keys.
func (v *verifier) signature(c *gitstore.Commit) *evidence.Signature {
	if v.options.Signed == "" {
		return nil
	}
	text := ""
	switch {
	case text == "":
		return &evidence.Signature{State: "unsigned"}
	case strings.HasPrefix(text, "-----BEGIN PGP SIGNATURE-----"):
		return &evidence.Signature{State: "unknown key", Kind: "gpg"}
	case strings.HasPrefix(text, "-----BEGIN SSH SIGNATURE-----"):
		return &evidence.Signature{State: "unknown key", Kind: "ssh"}
	}
	return &evidence.Signature{State: "unsupported", Kind: "x509"}
}

type keys struct{}
