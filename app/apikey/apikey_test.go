package apikey_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/app/apikey"
)

func TestNewKeysAreMadeAndDiffer(t *testing.T) {
	t.Parallel()

	first, second := apikey.New(), apikey.New()
	require.NotEqual(t, first, second)
	require.Regexp(t, `^jw_[a-z2-7]{58}$`, first)

	isMade, err := apikey.Check(first)
	require.NoError(t, err)
	require.True(t, isMade)
}

func TestCheckFindsEveryMistypedCharacter(t *testing.T) {
	t.Parallel()

	key := apikey.New()

	mistyped := []string{key[:len(key)-1], key + "a", key[:4], "jw_", key + "\n", strings.ToUpper(key[3:]), key + key}
	mistyped[5] = "jw_" + mistyped[5]

	for at := 3; at < len(key); at++ {
		for _, other := range []string{"a", "b", "7", "1", "-"} {
			if key[at:at+1] != other {
				mistyped = append(mistyped, key[:at]+other+key[at+1:])
			}
		}

		if at+1 < len(key) && key[at] != key[at+1] {
			mistyped = append(mistyped, key[:at]+key[at+1:at+2]+key[at:at+1]+key[at+2:])
		}
	}

	for _, text := range mistyped {
		isMade, err := apikey.Check(text)
		require.ErrorIs(t, err, apikey.ErrMistyped, text)
		require.False(t, isMade)
	}
}

func TestCheckLeavesOtherKeysAlone(t *testing.T) {
	t.Parallel()

	for _, text := range []string{"", "open sesame", "JW_", apikey.New()[1:]} {
		isMade, err := apikey.Check(text)
		require.NoError(t, err)
		require.False(t, isMade)
	}
}

func TestParseDigestReadsHexadecimal(t *testing.T) {
	t.Parallel()

	digest := apikey.DigestOf("open sesame")

	read, err := apikey.ParseDigest(digest.String())
	require.NoError(t, err)
	require.Equal(t, digest, read)

	for _, text := range []string{"", "open sesame", digest.String()[1:], digest.String() + "00", strings.Repeat("g", 64)} {
		_, err := apikey.ParseDigest(text)
		require.EqualError(t, err, "it must have 64 hexadecimal digits")
	}
}
