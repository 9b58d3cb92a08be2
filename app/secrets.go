package app

import (
	"cmp"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/jobwright/jobwright/source/secret"
)

// The defaults of [Secrets].
const (
	DefaultEnvPrefix  = "JOBWRIGHT_APP_" + appPlaceholder + "_"
	DefaultSecretsDir = "/run/secrets"
)

// appPlaceholder stands for the app in a prefix.
const appPlaceholder = "{APP}"

// Secrets are the secrets to which apps may refer. A secret belongs to the app whose prefix its name has; if the names of two
// apps begin alike, the longer prefix counts.
type Secrets struct {
	// EnvPrefix is the prefix of the names of an app's environment variables; "" means [DefaultEnvPrefix]. {APP} stands for the
	// app's ID in capitals, in which each character other than A to Z and 0 to 9 is replaced by an underscore.
	EnvPrefix string

	// Dir is the folder of the files with secrets; "" means [DefaultSecretsDir]. The path of a file below it, written like an
	// environment variable, has the prefix too: the file jobwright-app-7/key belongs to app 7.
	Dir string
}

// withDefaults returns the secrets with the defaults of empty fields.
func (s Secrets) withDefaults() Secrets {
	return Secrets{EnvPrefix: cmp.Or(s.EnvPrefix, DefaultEnvPrefix), Dir: cmp.Or(s.Dir, DefaultSecretsDir)}
}

// prefix returns the prefix of the names of an app's secrets.
func (s Secrets) prefix(app string) string {
	return strings.ReplaceAll(s.EnvPrefix, appPlaceholder, variableName(app))
}

// variableName returns a text as a part of the name of an environment variable.
func variableName(text string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}

		return '_'
	}, strings.ToUpper(text))
}

// check returns an error if the app may not refer to the secret. all are the IDs of all apps.
func (s Secrets) check(reference secret.Reference, app string, all []string) error {
	name, prefix := reference.Name, s.prefix
	advice := fmt.Sprintf("its environment variables begin with %s (--env-prefix)", prefix(app))

	if reference.Scheme == secret.File {
		prefix = func(app string) string { return variableName(s.prefix(app)) }
		example := strings.ReplaceAll(strings.ToLower(strings.TrimRight(prefix(app), "_")), "_", "-")
		advice = fmt.Sprintf("its files are in %s and their names begin with %s (--secrets-dir, --env-prefix)", s.Dir, example)

		relative, err := filepath.Rel(s.Dir, name)
		if err != nil || !filepath.IsLocal(relative) {
			return fmt.Errorf("app %s must not refer to the secret %s: %s", app, reference, advice)
		}

		name = variableName(relative)
	}

	own := prefix(app)
	if !strings.HasPrefix(name, own) {
		return fmt.Errorf("app %s must not refer to the secret %s: %s", app, reference, advice)
	}

	if !strings.Contains(s.EnvPrefix, appPlaceholder) {
		return nil // The operator gave the same secrets to all apps.
	}

	for _, other := range all {
		switch theirs := prefix(other); {
		case other == app, len(theirs) < len(own):
		case theirs == own:
			return fmt.Errorf(
				"app %s can't refer to the secret %s: the secrets of app %s begin with %s too; rename one of the apps",
				app, reference, other, own)
		case strings.HasPrefix(name, theirs):
			return fmt.Errorf("app %s must not refer to the secret %s: it belongs to app %s, whose secrets begin with %s",
				app, reference, other, theirs)
		}
	}

	return nil
}
