package app

import (
	"fmt"
	"net/netip"
	"slices"

	"go.yaml.in/yaml/v4"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario/problem"
	"github.com/jobwright/jobwright/source/secret"
)

// maxCallbackSecrets is the number of secrets that sign a call: two during a rotation.
const maxCallbackSecrets = 2

// callbacks reads the rules for callbacks.
func (r *manifestReader) callbacks(declared field) {
	const urlField, events, allow, addresses, secrets = "url", "events", "allow", "addresses", "secrets"

	fields := r.object(declared.value, fieldCallbacks, []string{urlField, events, allow, addresses, secrets})
	at := func(name string) string { return problem.JoinPath(fieldCallbacks, name) }
	into := &r.app.Callbacks

	if given, ok := fields[urlField]; ok {
		into.URL = r.text(given.value, at(urlField))
		r.target(given.value, at(urlField), into.URL)
	}

	for _, name := range r.names(fields[events], at(events), func(node *yaml.Node, path, name string) {
		if !slices.Contains(job.Events(), job.Event(name)) {
			r.addf(node, path, "there is no event %q; the events are %s", name, eventNames())
		}
	}) {
		into.Events = append(into.Events, job.Event(name))
	}

	into.Allow = r.names(fields[allow], at(allow), func(node *yaml.Node, path, text string) {
		if target, err := ParseTarget(text); err != nil {
			r.addf(node, path, "%s can't be allowed: %v", text, err)
		} else if target.RawQuery != "" || target.ForceQuery {
			r.addf(node, path, "%s can't be allowed: it has a query", text)
		}
	})

	r.names(fields[addresses], at(addresses), func(node *yaml.Node, path, text string) {
		if parsed, err := parsePrefix(text); err != nil {
			r.addf(node, path, "%q is not an IP address or a prefix such as 10.20.0.0/16", text)
		} else {
			into.Addresses = append(into.Addresses, parsed)
		}
	})

	into.Secrets = r.names(fields[secrets], at(secrets), func(node *yaml.Node, path, text string) {
		if reference, ok := secret.Parse(text); ok {
			r.reference(node, path, reference)
		} else {
			r.addf(node, path, "a secret must be a reference, for example ${env:%sWEBHOOK_SECRET}", r.secrets.prefix(r.app.ID))
		}
	})

	if count := len(into.Secrets); count > maxCallbackSecrets {
		r.addf(fields[secrets].key, at(secrets), "there are %d secrets; a rotation needs %d", count, maxCallbackSecrets)
	} else if count == 0 && (into.URL != "" || len(into.Allow) > 0) {
		r.addf(declared.key, at(secrets), "calls are signed; add a secret, for example secrets: [%s]",
			fmt.Sprintf("${env:%sWEBHOOK_SECRET}", r.secrets.prefix(r.app.ID)))
	}
}

// target checks the app's own URL, as far as secrets in it allow.
func (r *manifestReader) target(node *yaml.Node, path, text string) {
	references := secret.References(text)
	for _, reference := range references {
		r.reference(node, path, reference)
	}

	if len(references) > 0 {
		return // The workers check it.
	}

	if _, err := ParseTarget(text); err != nil {
		r.addf(node, path, "%v", err)
	}
}

// parsePrefix parses a prefix of addresses, or a single address.
func parsePrefix(text string) (netip.Prefix, error) {
	if address, err := netip.ParseAddr(text); err == nil {
		return netip.PrefixFrom(address, address.BitLen()), nil
	}

	return netip.ParsePrefix(text)
}
