package seal_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/app/seal"
)

func TestLoadRemovesTheKeyFromTheEnvironment(t *testing.T) {
	key := seal.New()
	t.Setenv(seal.Variable, key)

	keys, err := seal.Load("")
	require.NoError(t, err)
	require.Equal(t, parse(t, key).ID(), keys.ID())
	require.Empty(t, os.Getenv(seal.Variable))

	keys, err = seal.Load("")
	require.NoError(t, err)
	require.Empty(t, keys.ID(), "no key is no error: few jobs have secrets")

	t.Setenv(seal.Variable, "short")

	_, err = seal.Load("")
	require.ErrorContains(t, err, "JOBWRIGHT_SECRET_KEY: key 1 is not the base64 of 32 bytes")
}

func TestLoadOrCreateKeepsTheKeyForItsOwnerOnly(t *testing.T) {
	t.Parallel()

	file := filepath.Join(t.TempDir(), "data", "secret.key")

	created, err := seal.LoadOrCreate(file)
	require.NoError(t, err)

	info, err := os.Stat(file)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())

	again, err := seal.LoadOrCreate(file)
	require.NoError(t, err)
	require.Equal(t, created.ID(), again.ID())

	_, err = seal.Load(filepath.Join(t.TempDir(), "missing"))
	require.ErrorContains(t, err, "--secret-key-file")
}
