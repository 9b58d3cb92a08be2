package app

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jobwright/jobwright/app/apikey"
	"github.com/jobwright/jobwright/source/secret"
)

// credentials reads the fields by which an API server identifies the holder of an access. A message never repeats a value, which
// may be a key by mistake.
func (r *manifestReader) credentials(of field, fields map[string]field, access *Access) {
	example := fmt.Sprintf("${env:%sKEY}", r.secrets.prefix(r.app.ID))
	key, keys, claims := fields[fieldKey], fields[fieldKeys], fields[fieldClaims]

	if reference, ok := secret.Parse(access.Key); ok {
		r.reference(key, reference)
	} else if key.isGiven() {
		r.wrongf(key, "the key of %q must be a reference, for example %s", access.Name, example)
	}

	entries := r.list(keys)
	for _, entry := range entries {
		r.key(entry, access)
	}

	if keys.isGiven() && len(entries) == 0 {
		r.wrongKeyf(keys, "the access %q has no key in the list; jobwright keys new makes one", access.Name)
	}

	if claims.isGiven() {
		r.claims(claims, access)
	}

	if nexus := fields[fieldNexus]; nexus.isGiven() {
		r.nexus(nexus, access)
	}

	if !key.isGiven() && !keys.isGiven() && !claims.isGiven() && !access.Nexus {
		r.wrongf(of, "the access %q needs a key, for example %s, or keys (jobwright keys new), or claims, or nexus: true",
			access.Name, example)
	}
}

// key reads an entry of the keys of an access.
func (r *manifestReader) key(of field, access *Access) {
	const digest, expires = "sha256", "expires"

	fields := r.object(of, digest, expires)
	if !fields[digest].isGiven() {
		r.wrongf(of, "the key of %q needs %s, which jobwright keys new prints", access.Name, digest)

		return
	}

	read := Key{Digest: r.digest(fields[digest], access)}

	if given := fields[expires]; given.isGiven() {
		var err error

		read.Expires, err = time.Parse(time.RFC3339, r.text(given))
		if err != nil || read.Expires.IsZero() {
			r.wrongf(given, "%s must be a time such as 2027-01-31T00:00:00Z", expires)
		}
	}

	access.Keys = append(access.Keys, read)
}

// digest reads the digest of a key, which no other access may have.
func (r *manifestReader) digest(of field, access *Access) apikey.Digest {
	text := r.text(of)
	read, err := apikey.ParseDigest(text)
	isMade, mistyped := apikey.Check(text)

	switch {
	case isMade || mistyped != nil:
		r.wrongf(of, "this is a key itself, which must not be in the file; revoke it, and write its SHA-256")
	case err != nil:
		r.wrongf(of, "the sha256 of the key of %q is wrong: %v", access.Name, err)
	default:
		for _, other := range append(slices.Clip(r.app.Access), *access) {
			if slices.ContainsFunc(other.Keys, func(key Key) bool { return key.Digest == read }) {
				r.wrongf(of, "the access %q has this key already; make another one", other.Name)
			}
		}
	}

	return read
}

// claims reads the claims of the holder's tokens.
func (r *manifestReader) claims(of field, access *Access) {
	fields := r.object(of)
	access.Claims = make(map[string]string, len(fields))

	for _, name := range slices.Sorted(maps.Keys(fields)) {
		value := fields[name].value
		if access.Claims[name] = value.Value; value.ShortTag() != "!!str" || value.Value == "" {
			r.wrongf(fields[name], "the claim %s must be text", name)
		}
	}

	if len(fields) == 0 {
		r.wrongKeyf(of, "the access %q has no claims; name at least one, for example {sub: nightly}", access.Name)
	}
}

// nexus reads whether workflows that call by Nexus have the access. Only one access may say so, as such callers are not
// distinguished.
func (r *manifestReader) nexus(of field, access *Access) {
	permits, isBool := r.value(of).(bool)
	if !isBool {
		r.wrongf(of, "%s must be true or false", fieldNexus)
	}

	access.Nexus = permits

	if other, taken := r.app.NexusAccess(); permits && taken {
		r.wrongf(of, "the access %q has %s: true already; callers by Nexus are not distinguished", other.Name, fieldNexus)
	}
}
