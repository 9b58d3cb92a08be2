package cli

import "github.com/spf13/pflag"

// AddEncryptPayloads adds the flag that makes a process encrypt what it stores in Temporal.
func AddEncryptPayloads(flags *pflag.FlagSet, into *bool) {
	flags.BoolVar(into, "encrypt-payloads", false,
		"encrypt parameters, results and errors of jobs in Temporal; see docs/how-to/encrypt-payloads.md")
}
