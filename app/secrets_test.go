package app_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/app"
)

func TestAppRefersOnlyToItsOwnSecrets(t *testing.T) {
	t.Parallel()

	const none = ""

	for _, test := range []struct{ name, app, reference, message string }{
		{"its own variable", "a", "${env:JOBWRIGHT_APP_A_PW}", none},
		{"another variable", "a", "${env:HOME}", "app a must not refer to the secret ${env:HOME}: its environment variables begin with " +
			"JOBWRIGHT_APP_A_ (--env-prefix)"},
		{"a variable in small letters", "a", "${env:jobwright_app_a_pw}", "must not refer"},
		{"an app that begins alike", "ab", "${env:JOBWRIGHT_APP_A_PW}", "must not refer"},
		{"the longer prefix", "a-b", "${env:JOBWRIGHT_APP_A_B_PW}", none},
		{"the prefix of an app with a longer one", "a", "${env:JOBWRIGHT_APP_A_B_PW}", "it belongs to app a-b, whose secrets begin with JOBWRIGHT_APP_A_B_"},
		{"the same prefix", "x y", "${env:JOBWRIGHT_APP_X_Y_PW}", "the secrets of app x-y begin with JOBWRIGHT_APP_X_Y_ too; rename one"},
		{"its own file", "a", "${file:/run/secrets/jobwright-app-a-pw}", none},
		{"a file in its own folder", "a", "${file:/run/secrets/jobwright/app_a/pw}", none},
		{"a file in another folder", "a", "${file:/etc/passwd}", "its files are in /run/secrets and their names begin with " +
			"jobwright-app-a (--secrets-dir, --env-prefix)"},
		{"a file outside", "a", "${file:/run/secrets/jobwright-app-a-pw/../../x}", "must not refer"},
		{"a file of a folder that begins alike", "a", "${file:/run/secrets-old/jobwright-app-a-pw}", "must not refer"},
		{"a relative path", "a", "${file:jobwright-app-a-pw}", "must not refer"},
		{"a file of another app", "a", "${file:/run/secrets/jobwright-app-a-b-pw}", "it belongs to app a-b"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			dir := t.TempDir()
			for _, id := range []string{"a", "a-b", "ab", "x y", "x-y"} {
				require.NoError(t, os.Mkdir(filepath.Join(dir, id), 0o750))
			}

			for _, text := range []string{
				`access: [{name: x, key: "` + test.reference + `"}]`,
				`sources: {s: {kind: HTTPSource, url: "https://x", headers: {X-Y: "a ` + test.reference + `"}}}`,
			} {
				require.NoError(t, os.WriteFile(filepath.Join(dir, test.app, "app.yaml"), []byte(text), 0o600))

				apps, err := app.Open(dir, app.Options{})
				require.NoError(t, err)

				_, err = apps.App(test.app)
				if test.message == none {
					require.NoError(t, err)
				} else {
					require.ErrorContains(t, err, test.message)
				}
			}
		})
	}
}

func TestOperatorChoosesTheSecretsOfApps(t *testing.T) {
	t.Parallel()

	dir := t.TempDir()
	for _, id := range []string{"a", "b"} {
		require.NoError(t, os.Mkdir(filepath.Join(dir, id), 0o750))
		require.NoError(t, os.WriteFile(filepath.Join(dir, id, "app.yaml"),
			[]byte(`access: [{name: x, key: "${env:SHARED_PW}"}, {name: y, key: "${file:/srv/keys/shared-x}"}]`), 0o600))
	}

	apps, err := app.Open(dir, app.Options{Secrets: app.Secrets{EnvPrefix: "SHARED_", Dir: "/srv/keys"}})
	require.NoError(t, err)

	for _, id := range []string{"a", "b"} {
		_, err := apps.App(id)
		require.NoError(t, err)
	}
}
