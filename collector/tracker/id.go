package tracker

import "strings"

// SameID reports whether two packet ids name the same packet. Case does not
// count, and a bare number equals the same number after "Packet".
func SameID(a, b string) bool { return NormalID(a) == NormalID(b) }

// NormalID brings a packet id into the form in which SameID compares.
func NormalID(id string) string {
	id = strings.ToUpper(strings.TrimSpace(id))
	return strings.TrimSpace(strings.TrimPrefix(id, "PACKET "))
}
