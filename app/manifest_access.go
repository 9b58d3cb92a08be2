package app

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/jobwright/jobwright/app/apikey"
	"github.com/jobwright/jobwright/source/secret"
)

// credentials reads the fields by which an API server identifies the holder of an access. A message never repeats a value, which
// may be a key by mistake.
func (r *manifestReader) credentials(node *yaml.Node, path string, fields map[string]field, access *Access) {
	example := fmt.Sprintf("${env:%sKEY}", r.secrets.prefix(r.app.ID))

	if given, ok := fields[fieldKey]; ok {
		if reference, ok := secret.Parse(access.Key); ok {
			r.reference(given.value, path+"."+fieldKey, reference)
		} else {
			r.addf(given.value, path+"."+fieldKey, "the key of %q must be a reference, for example %s", access.Name, example)
		}
	}

	if given, ok := fields[fieldKeys]; ok {
		entries := r.list(given.value, path+"."+fieldKeys)
		for i, entry := range entries {
			r.key(entry, fmt.Sprintf("%s.%s[%d]", path, fieldKeys, i), access)
		}

		if len(entries) == 0 {
			r.addf(given.key, path+"."+fieldKeys, "the access %q has no key in the list; jobwright keys new makes one",
				access.Name)
		}
	}

	if given, ok := fields[fieldClaims]; ok {
		r.claims(given, path+"."+fieldClaims, access)
	}

	if given, ok := fields[fieldNexus]; ok {
		r.nexus(given, path+"."+fieldNexus, access)
	}

	if fields[fieldKey].value == nil && fields[fieldKeys].value == nil && fields[fieldClaims].value == nil && !access.Nexus {
		r.addf(node, path, "the access %q needs a key, for example %s, or keys (jobwright keys new), or claims, or nexus: true",
			access.Name, example)
	}
}

// key reads an entry of the keys of an access.
func (r *manifestReader) key(node *yaml.Node, path string, access *Access) {
	const digest, expires = "sha256", "expires"

	fields := r.object(node, path, []string{digest, expires})

	given, ok := fields[digest]
	if !ok {
		r.addf(node, path, "the key of %q needs %s, which jobwright keys new prints", access.Name, digest)

		return
	}

	read := Key{Digest: r.digest(given.value, path+"."+digest, access)}

	if given, ok := fields[expires]; ok {
		var err error

		read.Expires, err = time.Parse(time.RFC3339, r.text(given.value, path+"."+expires))
		if err != nil || read.Expires.IsZero() {
			r.addf(given.value, path+"."+expires, "%s must be a time such as 2027-01-31T00:00:00Z", expires)
		}
	}

	access.Keys = append(access.Keys, read)
}

// digest reads the digest of a key, which no other access may have.
func (r *manifestReader) digest(node *yaml.Node, path string, access *Access) apikey.Digest {
	text := r.text(node, path)
	read, err := apikey.ParseDigest(text)
	isMade, mistyped := apikey.Check(text)

	switch {
	case isMade || mistyped != nil:
		r.addf(node, path, "this is a key itself, which must not be in the file; revoke it, and write its SHA-256")
	case err != nil:
		r.addf(node, path, "the sha256 of the key of %q is wrong: %v", access.Name, err)
	default:
		for _, other := range append(slices.Clip(r.app.Access), *access) {
			if slices.ContainsFunc(other.Keys, func(key Key) bool { return key.Digest == read }) {
				r.addf(node, path, "the access %q has this key already; make another one", other.Name)
			}
		}
	}

	return read
}

// claims reads the claims of the holder's tokens.
func (r *manifestReader) claims(given field, path string, access *Access) {
	fields := r.object(given.value, path, nil)
	access.Claims = make(map[string]string, len(fields))

	for _, name := range slices.Sorted(maps.Keys(fields)) {
		value := fields[name].value
		if access.Claims[name] = value.Value; value.ShortTag() != "!!str" || value.Value == "" {
			r.addf(value, path+"."+name, "the claim %s must be text", name)
		}
	}

	if len(fields) == 0 {
		r.addf(given.key, path, "the access %q has no claims; name at least one, for example {sub: nightly}", access.Name)
	}
}

// nexus reads whether workflows that call by Nexus have the access. Only one access may say so, as such callers are not
// distinguished.
func (r *manifestReader) nexus(given field, path string, access *Access) {
	permits, isBool := r.value(given.value, path).(bool)
	if !isBool {
		r.addf(given.value, path, "%s must be true or false", fieldNexus)
	}

	access.Nexus = permits

	if other, taken := r.app.NexusAccess(); permits && taken {
		r.addf(given.value, path, "the access %q has %s: true already; callers by Nexus are not distinguished",
			other.Name, fieldNexus)
	}
}
