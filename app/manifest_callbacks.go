package app

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario/problem"
	"github.com/jobwright/jobwright/source/secret"
)

// maxCallbackSecrets is the number of secrets that sign a call: two during a rotation.
const maxCallbackSecrets = 2

// callbacks reads the rules for callbacks.
func (r *manifestReader) callbacks(declared field) {
	const urlField, events, allow, addresses, secrets = "url", "events", "allow", "addresses", "secrets"

	fields := r.object(declared, urlField, events, allow, addresses, secrets)
	example := fmt.Sprintf("${env:%sWEBHOOK_SECRET}", r.secrets.prefix(r.app.ID))
	into := &r.app.Callbacks

	if given := fields[urlField]; given.isGiven() {
		into.URL = r.text(given)
		r.target(given, into.URL)
	}

	for _, name := range r.names(fields[events], func(entry field, name string) {
		if !slices.Contains(job.Events(), job.Event(name)) {
			r.wrongf(entry, "there is no event %q; the events are %s", name, joined(job.Events(), ", "))
		}
	}) {
		into.Events = append(into.Events, job.Event(name))
	}

	into.Allow = r.names(fields[allow], func(entry field, text string) {
		if target, err := ParseTarget(text); err != nil {
			r.wrongf(entry, "%s can't be allowed: %v", text, err)
		} else if target.RawQuery != "" || target.ForceQuery {
			r.wrongf(entry, "%s can't be allowed: it has a query", text)
		}
	})

	r.names(fields[addresses], func(entry field, text string) {
		if parsed, err := parsePrefix(text); err != nil {
			r.wrongf(entry, "%q is not an IP address or a prefix such as 10.20.0.0/16", text)
		} else {
			into.Addresses = append(into.Addresses, parsed)
		}
	})

	into.Secrets = r.names(fields[secrets], func(entry field, text string) {
		if reference, ok := secret.Parse(text); ok {
			r.reference(entry, reference)
		} else {
			r.wrongf(entry, "a secret must be a reference, for example %s", example)
		}
	})

	if count := len(into.Secrets); count > maxCallbackSecrets {
		r.wrongKeyf(fields[secrets], "there are %d secrets; a rotation needs %d", count, maxCallbackSecrets)
	} else if count == 0 && (into.URL != "" || len(into.Allow) > 0) {
		r.addf(declared.key, problem.JoinPath(fieldCallbacks, secrets),
			"calls are signed; add a secret, for example secrets: [%s]", example)
	}
}

// target checks the app's own URL, as far as secrets in it allow.
func (r *manifestReader) target(of field, text string) {
	references := secret.References(text)
	for _, reference := range references {
		r.reference(of, reference)
	}

	if len(references) > 0 {
		return // The workers check it.
	}

	if _, err := ParseTarget(text); err != nil {
		r.wrongf(of, "%v", err)
	}
}

// parsePrefix parses a prefix of addresses, or a single address.
func parsePrefix(text string) (netip.Prefix, error) {
	if address, err := netip.ParseAddr(text); err == nil {
		return netip.PrefixFrom(address, address.BitLen()), nil
	}

	return netip.ParsePrefix(text)
}
