package seal_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/app/seal"
	"github.com/jobwright/jobwright/job"
)

// parse returns keys.
func parse(t *testing.T, texts ...string) seal.Keys {
	t.Helper()

	keys, err := seal.Parse(strings.Join(texts, "\n"))
	require.NoError(t, err)

	return keys
}

var place = seal.Place{AppID: "7", JobID: "nightly", Parameter: "password"}

func TestOpenReturnsTheSealedValueInTheJobAndItsChildren(t *testing.T) {
	t.Parallel()

	keys := parse(t, seal.New())

	sealed, err := keys.Seal("correct horse ⟦:⟧", place)
	require.NoError(t, err)
	require.NotContains(t, sealed.String(), "horse")

	for _, jobID := range []string{"nightly", "nightly/4.steps[7].1"} {
		value, err := job.ReplaceSecrets("Bearer "+sealed.String()+"!", func(found job.SealedSecret) (string, error) {
			return keys.Open(found, "7", jobID)
		})
		require.NoError(t, err)
		require.Equal(t, "Bearer correct horse ⟦:⟧!", value)
	}
}

func TestOpenRejectsAMovedOrForgedSecret(t *testing.T) {
	t.Parallel()

	keys := parse(t, seal.New())

	sealed, err := keys.Seal("correct horse", place)
	require.NoError(t, err)

	renamed, short, changed := sealed, sealed, sealed
	renamed.Parameter = "user"
	short.Sealed = "AAAA"
	changed.Sealed = "AAAA" + sealed.Sealed[4:]

	for _, moved := range []struct {
		secret       job.SealedSecret
		appID, jobID string
	}{
		{sealed, "8", "nightly"},
		{sealed, "7", "nightly2"},
		{sealed, "7", "other/nightly"},
		{renamed, "7", "nightly"},
		{short, "7", "nightly"},
		{changed, "7", "nightly"},
	} {
		_, err := keys.Open(moved.secret, moved.appID, moved.jobID)
		require.ErrorIs(t, err, seal.ErrInvalid)
	}
}

func TestParseFirstKeySealsAndAllOpen(t *testing.T) {
	t.Parallel()

	older, newer := seal.New(), seal.New()

	sealed, err := parse(t, older).Seal("correct horse", place)
	require.NoError(t, err)

	rotated := parse(t, newer, older)

	value, err := rotated.Open(sealed, "7", "nightly")
	require.NoError(t, err)
	require.Equal(t, "correct horse", value)

	again, err := rotated.Seal("correct horse", place)
	require.NoError(t, err)
	require.Equal(t, parse(t, newer).ID(), again.KeyID)

	_, err = parse(t, newer).Open(sealed, "7", "nightly")
	require.ErrorIs(t, err, seal.ErrKeyMissing)
	require.ErrorContains(t, err, "no key with the ID "+sealed.KeyID)

	_, err = seal.Keys{}.Seal("correct horse", place)
	require.ErrorIs(t, err, seal.ErrKeyMissing)
}

func TestParseRejectsWhatIsNoKey(t *testing.T) {
	t.Parallel()

	for _, text := range []string{"", " \n", "c2hvcnQ=", seal.New() + "\nnot base64"} {
		_, err := seal.Parse(text)
		require.ErrorContains(t, err, "openssl rand -base64 32")
	}
}

func TestDigestDependsOnTheKeyAndThePlace(t *testing.T) {
	t.Parallel()

	one, other := parse(t, seal.New()), parse(t, seal.New())
	seen := map[string]bool{}

	for _, keys := range []seal.Keys{one, other} {
		for _, at := range []seal.Place{place, {AppID: "8", JobID: "nightly", Parameter: "password"}, {AppID: "7", JobID: "x", Parameter: "password"}} {
			for _, value := range []string{"correct horse", "wrong horse"} {
				digest, err := keys.Digest(keys.ID(), value, at)
				require.NoError(t, err)
				require.False(t, seen[digest])

				seen[digest] = true
			}
		}
	}

	_, err := one.Digest(other.ID(), "correct horse", place)
	require.ErrorIs(t, err, seal.ErrKeyMissing)
}
