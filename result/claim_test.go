package result_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	_ "gocloud.dev/blob/memblob" // The kind mem.

	"github.com/jobwright/jobwright/result"
)

func TestClaimRejectsASecondNamespace(t *testing.T) {
	t.Parallel()

	folder := t.TempDir()
	first, second := open(t, folder), open(t, folder)

	require.NoError(t, first.Claim(t.Context(), "night"))
	require.NoError(t, first.Claim(t.Context(), "night"), "again")

	err := second.Claim(t.Context(), "day")
	require.ErrorIs(t, err, result.ErrClaimed)
	require.ErrorContains(t, err, "night, not to day")

	put(t, folder, "7/job/"+run+"-1-1.json", time.Hour)
	_, err = first.Sweep(t.Context(), time.Nanosecond, nil)
	require.NoError(t, err)
	require.Equal(t, []string{"namespace"}, keys(t, folder), "a sweep leaves the claim")
}

func TestClaimOfABucket(t *testing.T) {
	t.Parallel()

	bucket := open(t, "mem://")
	require.NoError(t, bucket.Claim(t.Context(), "night"))
	require.NoError(t, bucket.Claim(t.Context(), "night"))
	require.ErrorIs(t, bucket.Claim(t.Context(), "day"), result.ErrClaimed)
}
