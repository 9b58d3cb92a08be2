package main

import "github.com/spf13/pflag"

// secretKeyVariable is the line about the keys of secrets in the environment of API servers and workers.
//
//nolint:gosec // The text contains no key.
const secretKeyVariable = "  JOBWRIGHT_SECRET_KEY  keys of secrets, unless --secret-key-file is given\n"

// addSecretKeyFile adds the flag of the file with the keys.
func addSecretKeyFile(flags *pflag.FlagSet, file *string) {
	flags.StringVar(file, "secret-key-file", "",
		"file with the keys of secret parameters and access tokens, the same for API servers and workers: each the base64 of "+
			"32 random bytes on a line; the first encrypts and signs, all decrypt and verify")
}
