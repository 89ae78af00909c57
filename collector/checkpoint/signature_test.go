package checkpoint_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/verdictci/verdict/collector/checkpoint"
	"github.com/verdictci/verdict/collector/evidence"
)

// run runs a program that tests of signatures need, or skips.
func run(t *testing.T, env []string, input, name string, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Skipf("%s is not installed (apt packages gnupg and openssh-client)", name)
	}
	cmd := exec.Command(name, args...)
	cmd.Env, cmd.Stdin = append(os.Environ(), env...), strings.NewReader(input)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s %v: %s", name, args, out)
	return string(out)
}

// signatureOf gives what is said of one commit's signature.
func (r *repo) signatureOf(o checkpoint.Options, hash string) evidence.Signature {
	r.t.Helper()
	got := r.verify(o, hash)
	require.Len(r.t, got.Checkpoints, 1)
	require.NotNil(r.t, got.Checkpoints[0].Signature)
	return *got.Checkpoints[0].Signature
}

// tamper makes a copy of HEAD with another message under the same signature.
func (r *repo) tamper() string {
	r.t.Helper()
	path := filepath.Join(r.t.TempDir(), "commit")
	require.NoError(r.t, os.WriteFile(path, []byte(r.git("cat-file", "commit", "HEAD")+" and more\n"), 0o644))
	h := r.git("hash-object", "-t", "commit", "-w", path)
	r.git("update-ref", "HEAD", h)
	return h
}

// gpgHome makes a key for each name, and returns the environment and a function
// that exports public keys.
func gpgHome(t *testing.T, names ...string) (env []string, export func(names ...string) string) {
	t.Helper()
	home, err := os.MkdirTemp("", "gpg") // short: it holds a socket
	require.NoError(t, err)
	env = []string{"GNUPGHOME=" + home}
	t.Cleanup(func() {
		exec.Command("gpgconf", "--homedir", home, "--kill", "all").Run()
		os.RemoveAll(home)
	})
	for i, name := range names {
		algorithm := []string{"ed25519", "rsa2048"}[i%2]
		args := []string{"--batch", "--passphrase", "", "--quick-gen-key", name + " <" + name + "@example.com>", algorithm, "sign", "never"}
		if strings.HasPrefix(name, "old") {
			args = append([]string{"--faked-system-time", "20200101T000000"}, args...)
			args[len(args)-1] = "1y"
		}
		run(t, env, "", "gpg", args...)
	}
	return env, func(names ...string) string {
		return run(t, env, "", "gpg", append([]string{"--armor", "--export"}, names...)...)
	}
}

func TestGPGSignatures(t *testing.T) {
	env, export := gpgHome(t, "ada", "bob", "eve", "old")
	for _, e := range env {
		name, value, _ := strings.Cut(e, "=")
		t.Setenv(name, value)
	}
	r := newRepo(t)
	ring := filepath.Join("keys", "team.asc")
	r.write(ring, export("ada", "old")+export("bob"))
	r.write("faketime", "#!/bin/sh\nexec gpg --faked-system-time 20200601T000000 \"$@\"\n")
	require.NoError(t, os.Chmod(filepath.Join(r.dir, "faketime"), 0o755))
	plain := r.commit("AB-00: not signed")
	sign := func(name string, config ...string) string {
		r.git(append(config, "commit", "-q", "--allow-empty", "-S"+name+"@example.com", "-m", "AB-00: signed by "+name+"\n\nA body,\nwith ünïcode.")...)
		return r.git("rev-parse", "HEAD")
	}
	ada, bob, eve := sign("ada"), sign("bob"), sign("eve")
	old := sign("old", "-c", "gpg.program="+filepath.Join(r.dir, "faketime"))
	sign("ada")
	bad := r.tamper()

	o := checkpoint.Options{Signed: "gpg", KeyRing: "keys/team.asc"}
	for hash, want := range map[string]string{plain: "unsigned", ada: "good", bob: "good", eve: "unknown key", old: "expired key", bad: "bad"} {
		got := r.signatureOf(o, hash)
		assert.Equal(t, want, got.State, "%s: %+v", r.git("log", "-1", "--format=%s", hash), got)
	}
	assert.Equal(t, "ada <ada@example.com>", r.signatureOf(o, ada).Signer)
	assert.Equal(t, strings.TrimSpace(r.git("log", "-1", "--format=%GP", bob)), r.signatureOf(o, bob).Key)
	assert.NotEmpty(t, r.signatureOf(o, eve).Key, "which key it is")
	assert.Nil(t, r.verify(checkpoint.Options{}, ada).Checkpoints[0].Signature, "not asked for")
	assert.Equal(t, "other kind", r.signatureOf(checkpoint.Options{Signed: "ssh", AllowedSigners: "none"}, ada).State)

	o.KeyRing = "keys/nosuch.asc"
	assert.Equal(t, "unverifiable", r.signatureOf(o, ada).State)
	r.write("keys/empty.asc", "no key\n")
	o.KeyRing = "keys/empty.asc"
	assert.Contains(t, r.signatureOf(o, ada).Reason, "keys/empty.asc")

	// a change cannot bring the key that it is signed with
	o = checkpoint.Options{Signed: "gpg", KeyRing: "keys/team.asc", Base: plain}
	r.write(ring, export("eve"))
	mine := r.commit("AB-00: my own key")
	assert.Equal(t, "unsigned", r.signatureOf(o, mine).State)
	assert.Equal(t, "unknown key", r.signatureOf(o, eve).State)
	assert.Equal(t, "good", r.signatureOf(o, ada).State)
}

// TestSignedMerges: merges of signed tags carry headers of many lines.
func TestSignedMerges(t *testing.T) {
	env, export := gpgHome(t, "ada")
	t.Setenv("GNUPGHOME", strings.TrimPrefix(env[0], "GNUPGHOME="))
	r := newRepo(t)
	r.write("team.asc", export("ada"))
	r.commit("start")
	r.git("switch", "-qc", "side")
	r.write("a", "1\n")
	r.commit("side")
	r.git("-c", "user.signingkey=ada@example.com", "tag", "-s", "-m", "one", "v1")
	r.git("switch", "-q", "main")
	r.write("b", "1\n")
	r.commit("main")
	r.git("merge", "-q", "--no-ff", "-Sada@example.com", "-m", "AB-00: merge", "v1")
	assert.Contains(t, r.git("cat-file", "commit", "HEAD"), "mergetag")
	assert.Equal(t, "good", r.signatureOf(checkpoint.Options{Signed: "any", KeyRing: "team.asc"}, r.git("rev-parse", "HEAD")).State)
}

func TestSSHSignatures(t *testing.T) {
	r := newRepo(t)
	keys := t.TempDir()
	public := map[string]string{}
	for name, kind := range map[string]string{"ada": "ed25519", "bob": "rsa", "cyd": "ecdsa", "eve": "ed25519", "old": "ed25519", "ca": "ed25519", "mail": "ed25519"} {
		path := filepath.Join(keys, name)
		run(t, nil, "", "ssh-keygen", "-q", "-t", kind, "-N", "", "-C", name, "-f", path)
		data, err := os.ReadFile(path + ".pub")
		require.NoError(t, err)
		public[name] = strings.TrimSpace(string(data))
	}
	r.write("allowed_signers", strings.Join([]string{
		"# the team", "", "ada@example.com " + public["ada"], `"bob@example.com,b@example.org" namespaces="git,file" ` + public["bob"], "cyd@example.com valid-after=\"20200101\" " + public["cyd"],
		`old@example.com valid-before="20200101Z" ` + public["old"], "*@example.com cert-authority " + public["ca"], `mail@example.com namespaces="email" ` + public["mail"],
	}, "\n")+"\n")
	plain := r.commit("AB-00: not signed")
	want := map[string]string{plain: "unsigned"}
	signer := map[string]string{}
	allowed := filepath.Join(r.dir, "allowed_signers")
	for name, state := range map[string]string{"ada": "good", "bob": "good", "cyd": "good", "eve": "unknown key", "old": "expired key", "ca": "unknown key", "mail": "unknown key"} {
		r.git("-c", "gpg.format=ssh", "-c", "user.signingkey="+filepath.Join(keys, name), "commit", "-q", "--allow-empty", "-S", "-m", "AB-00: "+name)
		h := r.git("rev-parse", "HEAD")
		want[h], signer[h] = state, name
		_, err := r.try("-c", "gpg.format=ssh", "-c", "gpg.ssh.allowedSignersFile="+allowed, "verify-commit", h)
		assert.Equal(t, state == "good", err == nil, "git says of %s: %v", name, err)
	}
	run(t, nil, "", "ssh-keygen", "-q", "-s", filepath.Join(keys, "ca"), "-I", "eve", "-n", "eve@example.com", filepath.Join(keys, "eve.pub"))
	r.git("-c", "gpg.format=ssh", "-c", "user.signingkey="+filepath.Join(keys, "eve-cert.pub"), "commit", "-q", "--allow-empty", "-S", "-m", "AB-00: certified")
	certified := r.git("rev-parse", "HEAD")
	want[certified], signer[certified] = "unsupported", "certified" // and it is bad when the commit is another
	want[r.tamper()] = "bad"
	o := checkpoint.Options{Signed: "ssh", AllowedSigners: "allowed_signers"}
	for h, state := range want {
		got := r.signatureOf(o, h)
		assert.Equal(t, state, got.State, "%s: %+v", signer[h], got)
		switch signer[h] {
		case "bob":
			assert.Equal(t, "bob@example.com,b@example.org", got.Signer)
			assert.Equal(t, r.git("-c", "gpg.ssh.allowedSignersFile="+allowed, "log", "-1", "--format=%GF", h), got.Key)
		case "ca":
			assert.Contains(t, got.Reason, "cert-authority")
		case "certified":
			assert.Contains(t, got.Reason, "certificate")
		}
	}
	// a line that cannot be read hides no other; the key that is not found may be in it
	lines := "broken line\nada@example.com future-key-type AAAA\n* namespaces=\"*,!git\" " + public["mail"] + "\nada@example.com " + public["ada"] + "\n"
	r.write("allowed_signers", lines)
	for h, name := range signer {
		switch got := r.signatureOf(o, h); name {
		case "ada":
			assert.Equal(t, "good", got.State)
		case "mail":
			assert.Equal(t, "unknown key", got.State, "not for commits")
		case "bob":
			assert.Equal(t, "unverifiable", got.State)
			assert.Contains(t, got.Reason, "line 1")
		}
	}
	for text, wants := range map[string]string{"ada@example.com " + public["ada"][:30]: "line 1", "ada valid-after=\"soon\" " + public["ada"]: "soon", fmt.Sprintf("a maybe=\"1\" %s", public["ada"]): "maybe"} {
		r.write("allowed_signers", text+"\n")
		got := r.signatureOf(o, plain)
		assert.Equal(t, "unsigned", got.State)
		for h, name := range signer {
			if name == "ada" {
				got = r.signatureOf(o, h)
				assert.Equal(t, "unverifiable", got.State)
				assert.Contains(t, got.Reason, wants)
			}
		}
	}
}
