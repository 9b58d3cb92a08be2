//go:build !nocloud

package cloud_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/result"
)

func TestOpenSupportsGoogleAndAzure(t *testing.T) {
	store, err := result.Open(t.Context(), "gs://results?anonymous=true")
	require.NoError(t, err)
	require.NoError(t, store.Close())

	t.Setenv("AZURE_STORAGE_ACCOUNT", "account")
	t.Setenv("AZURE_STORAGE_SAS_TOKEN", "token")

	store, err = result.Open(t.Context(), "azblob://results")
	require.NoError(t, err)
	require.NoError(t, store.Close())
}
