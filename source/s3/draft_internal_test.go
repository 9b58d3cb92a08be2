package s3

import (
	"io"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
)

// The test starts shortly below the limit: uploading 160 GB would take too long.
func TestWriteOfATooLargeFileIsNotRetryable(t *testing.T) {
	t.Parallel()

	reader, writer := io.Pipe()
	upload := &draft{pipe: writer, size: partSize*mostParts - 1}

	go io.Copy(io.Discard, reader) //nolint:errcheck // It ends with the test.

	_, err := upload.Write(make([]byte, 1))
	require.NoError(t, err)

	_, err = upload.Write(make([]byte, 1))

	var problem *source.Error
	require.ErrorAs(t, err, &problem)
	require.False(t, problem.Retryable)
	require.NoError(t, writer.Close())
}

// The client of an upload must not modify state that other uploads read at the same time.
func TestIfMatchDoesNotModifyTheOriginalClient(t *testing.T) {
	t.Parallel()

	client := s3.New(s3.Options{})
	require.NotNil(t, client.Options().ExpressCredentials)
	require.NotSame(t, client.Options().ExpressCredentials, ifMatch(client, "version").Options().ExpressCredentials)
}
