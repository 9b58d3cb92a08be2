package cli

import (
	"github.com/spf13/pflag"

	"github.com/jobwright/jobwright/app"
)

// AddSecrets adds the flags with which operators choose the secrets of apps.
func AddSecrets(flags *pflag.FlagSet, into *app.Secrets) {
	flags.StringVar(&into.EnvPrefix, "env-prefix", app.DefaultEnvPrefix,
		"prefix of the environment variables that an app may refer to; {APP} stands for the app in capitals")
	flags.StringVar(&into.Dir, "secrets-dir", app.DefaultSecretsDir,
		"folder of the files that apps may refer to, if the names have the prefix too")
}

// AddEncryptPayloads adds the flag that makes a process encrypt what it stores in Temporal.
func AddEncryptPayloads(flags *pflag.FlagSet, into *bool) {
	flags.BoolVar(into, "encrypt-payloads", false,
		"encrypt parameters, results and errors of jobs in Temporal; see docs/how-to/encrypt-payloads.md")
}
