package encryption_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/proto"

	"github.com/jobwright/jobwright/app/seal"
	"github.com/jobwright/jobwright/internal/temporalclient/encryption"
)

// codec returns a codec with keys.
func codec(tb testing.TB, isEnabled bool, keys ...string) *encryption.Codec {
	tb.Helper()

	parsed, err := seal.Parse(strings.Join(keys, "\n"))
	require.NoError(tb, err)

	made, err := encryption.New(parsed.PayloadKeys(), isEnabled)
	require.NoError(tb, err)

	return made
}

// payload returns the payload of a value.
func payload(tb testing.TB, value any) *commonpb.Payload {
	tb.Helper()

	encoded, err := converter.GetDefaultDataConverter().ToPayload(value)
	require.NoError(tb, err)

	return encoded
}

func TestEncodeHidesPayloadsAndTheirMetadata(t *testing.T) {
	t.Parallel()

	plain := []*commonpb.Payload{payload(t, "correct horse"), payload(t, nil), payload(t, []byte{1, 2})}
	of := codec(t, true, seal.New())

	encrypted, err := of.Encode(plain)
	require.NoError(t, err)

	again, err := of.Encode(plain)
	require.NoError(t, err)

	for i := range plain {
		text, err := proto.Marshal(encrypted[i])
		require.NoError(t, err)
		require.NotContains(t, string(text), "horse")
		require.NotContains(t, string(text), "json")
		require.Equal(t, "binary/encrypted", string(encrypted[i].GetMetadata()["encoding"]))
		require.False(t, bytes.Equal(encrypted[i].GetData(), again[i].GetData()), "equal payloads are not recognized as equal")
	}

	decrypted, err := of.Decode(encrypted)
	require.NoError(t, err)

	for i := range plain {
		require.True(t, proto.Equal(plain[i], decrypted[i]))
	}
}

func TestDecodeReadsWhatAllKeysEncryptedAndWhatNoneDid(t *testing.T) {
	t.Parallel()

	older, newer := seal.New(), seal.New()
	plain := payload(t, "correct horse")

	encode := func(by *encryption.Codec) *commonpb.Payload {
		encoded, err := by.Encode([]*commonpb.Payload{plain})
		require.NoError(t, err)

		return encoded[0]
	}
	byOlder, byNewer := encode(codec(t, true, older)), encode(codec(t, true, newer, older))
	require.NotEqual(t, byOlder.GetMetadata()["encryption-key-id"], byNewer.GetMetadata()["encryption-key-id"])

	rotated := codec(t, false, newer, older)
	require.True(t, proto.Equal(plain, encode(rotated)), "a codec that is not enabled does not encrypt")

	decrypted, err := rotated.Decode([]*commonpb.Payload{byOlder, plain, byNewer})
	require.NoError(t, err)

	for _, found := range decrypted {
		require.True(t, proto.Equal(plain, found))
	}

	_, err = codec(t, true, older).Decode([]*commonpb.Payload{byNewer})
	require.ErrorIs(t, err, encryption.ErrKeyMissing)
	require.ErrorContains(t, err, string(byNewer.GetMetadata()["encryption-key-id"]))

	none, err := encryption.New(nil, false)
	require.NoError(t, err)

	_, err = none.Decode([]*commonpb.Payload{byNewer})
	require.ErrorIs(t, err, encryption.ErrKeyMissing)

	_, err = encryption.New(nil, true)
	require.ErrorContains(t, err, "JOBWRIGHT_SECRET_KEY or --secret-key-file")
}

func TestDecodeRejectsAChangedPayload(t *testing.T) {
	t.Parallel()

	one, other := seal.New(), seal.New()
	of := codec(t, true, one, other)

	encrypted, err := of.Encode([]*commonpb.Payload{payload(t, "correct horse")})
	require.NoError(t, err)

	data := encrypted[0].GetData()

	for at := range data {
		changed := proto.CloneOf(encrypted[0])
		changed.Data[at] ^= 1

		_, err := of.Decode([]*commonpb.Payload{changed})
		require.ErrorIs(t, err, encryption.ErrInvalid, "byte %d", at)
	}

	for length := range data {
		short := proto.CloneOf(encrypted[0])
		short.Data = data[:length]

		_, err := of.Decode([]*commonpb.Payload{short})
		require.ErrorIs(t, err, encryption.ErrInvalid, "%d bytes", length)
	}

	otherID, err := seal.Parse(other)
	require.NoError(t, err)

	moved := proto.CloneOf(encrypted[0])
	moved.Metadata["encryption-key-id"] = []byte(otherID.ID())

	_, err = of.Decode([]*commonpb.Payload{moved})
	require.ErrorIs(t, err, encryption.ErrInvalid)
}

func TestAddToEncryptsMessagesOfFailures(t *testing.T) {
	t.Parallel()

	key := seal.New()

	var writer, reader client.Options

	codec(t, true, key).AddTo(&writer)
	codec(t, false, key).AddTo(&reader)

	cause := errors.New("the horse is wrong") //nolint:err113 // The error of a source.
	failure := writer.FailureConverter.ErrorToFailure(fmt.Errorf("the stable: %w", cause))

	text, err := proto.Marshal(failure)
	require.NoError(t, err)
	require.NotContains(t, string(text), "horse")
	require.NotContains(t, string(text), "stable")
	require.ErrorContains(t, reader.FailureConverter.FailureToError(failure), "the stable: the horse is wrong")
}

// Of a payload without and with encryption.
func BenchmarkConverter(b *testing.B) {
	for _, size := range []int{200, 4_000, 200_000} {
		value := strings.Repeat("x", size)

		for name, isEnabled := range map[string]bool{"plain": false, "encrypted": true} {
			by := codec(b, isEnabled, seal.New()).Converter()

			b.Run(fmt.Sprintf("%d/%s", size, name), func(b *testing.B) {
				for b.Loop() {
					encoded, err := by.ToPayload(value)
					if err != nil {
						b.Fatal(err)
					}

					var decoded string
					if err := by.FromPayload(encoded, &decoded); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
