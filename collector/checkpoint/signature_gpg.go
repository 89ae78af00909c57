package checkpoint

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	openpgperrors "github.com/ProtonMail/go-crypto/openpgp/errors"
	"github.com/ProtonMail/go-crypto/openpgp/packet"

	"github.com/verdictci/verdict/collector/evidence"
)

// keyRing is the OpenPGP keys that count, and the time at which they must hold.
type keyRing struct {
	entities openpgp.EntityList
	now      time.Time
}

// parseKeyRing reads armored public keys: one block, or several one after the
// other.
func parseKeyRing(data []byte, now time.Time) (keyRing, error) {
	ring := keyRing{now: now}
	const begin = "-----BEGIN PGP PUBLIC KEY BLOCK-----"
	blocks := strings.Split(string(data), begin)
	for _, block := range blocks[1:] {
		list, err := openpgp.ReadArmoredKeyRing(strings.NewReader(begin + block))
		if err != nil {
			return ring, err
		}
		ring.entities = append(ring.entities, list...)
	}
	if len(ring.entities) == 0 {
		return ring, errors.New("it holds no armored public key")
	}
	return ring, nil
}

// verify fills in what the key ring says of a signature.
func (r *keyRing) verify(payload, armored []byte, s *evidence.Signature) {
	block, err := armor.Decode(bytes.NewReader(armored))
	if err != nil {
		s.State, s.Reason = signatureBad, "it cannot be read: "+err.Error()
		return
	}
	binary, err := io.ReadAll(block.Body)
	if err != nil {
		s.State, s.Reason = signatureBad, "it cannot be read: "+err.Error()
		return
	}
	s.Key = issuer(binary)
	config := &packet.Config{Time: func() time.Time { return r.now }}
	signer, err := openpgp.CheckDetachedSignature(r.entities, bytes.NewReader(payload), bytes.NewReader(binary), config)
	if signer != nil {
		s.Key = fmt.Sprintf("%X", signer.PrimaryKey.Fingerprint)
		if id := signer.PrimaryIdentity(); id != nil {
			s.Signer = strings.ToValidUTF8(id.Name, "\ufffd")
		}
	}
	var wrong openpgperrors.SignatureError
	switch {
	case err == nil:
		s.State = signatureGood
	case errors.Is(err, openpgperrors.ErrUnknownIssuer):
		s.State = signatureUnknownKey
	case errors.Is(err, openpgperrors.ErrKeyExpired):
		s.State = signatureExpiredKey
	case errors.Is(err, openpgperrors.ErrKeyRevoked):
		s.State = signatureRevokedKey
	case errors.Is(err, openpgperrors.ErrSignatureExpired):
		s.State = signatureExpired
	case errors.As(err, &wrong):
		s.State, s.Reason = signatureBad, err.Error()
	default:
		s.State, s.Reason = signatureUnsupported, err.Error()
	}
}

// issuer names the key that a signature says it was made with; empty where it says
// nothing.
func issuer(signature []byte) string {
	for packets := packet.NewReader(bytes.NewReader(signature)); ; {
		p, err := packets.Next()
		if err != nil {
			return ""
		}
		sig, ok := p.(*packet.Signature)
		switch {
		case !ok:
		case len(sig.IssuerFingerprint) > 0:
			return strings.ToUpper(hex.EncodeToString(sig.IssuerFingerprint))
		case sig.IssuerKeyId != nil:
			return fmt.Sprintf("%016X", *sig.IssuerKeyId)
		}
	}
}
