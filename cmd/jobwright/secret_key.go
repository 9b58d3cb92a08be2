package main

import (
	"github.com/spf13/pflag"

	"github.com/jobwright/jobwright/app/seal"
	"github.com/jobwright/jobwright/internal/temporalclient/encryption"
)

// secretKeyVariable is the line about the keys of secrets in the environment of API servers and workers.
//
//nolint:gosec // The text contains no key.
const secretKeyVariable = "  JOBWRIGHT_SECRET_KEY  keys of secrets and payloads, unless --secret-key-file is given\n"

// payloadFlags are the flags of a process that reads the payloads of jobs in Temporal.
type payloadFlags struct {
	secretKeyFile string
	encrypt       bool // Whether the process also encrypts the payloads that it writes.
}

// addTo adds the flag of the file with the keys.
func (f *payloadFlags) addTo(flags *pflag.FlagSet) {
	flags.StringVar(&f.secretKeyFile, "secret-key-file", "",
		"file with the keys of secret parameters, payloads and access tokens, the same for API servers and workers: each the "+
			"base64 of 32 random bytes on a line; the first encrypts and signs, all decrypt and verify")
}

// load returns the keys, and the codec of payloads.
func (f *payloadFlags) load() (seal.Keys, *encryption.Codec, error) {
	keys, err := seal.Load(f.secretKeyFile)
	if err != nil {
		return keys, nil, err
	}

	codec, err := encryption.New(keys.PayloadKeys(), f.encrypt)

	return keys, codec, err
}
