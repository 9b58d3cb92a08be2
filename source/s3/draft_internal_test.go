package s3

import (
	"io"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
)

// Nobody wants to upload 160 GB for a test, so that it begins shortly before the end.
func TestAFileThatIsTooLargeIsNotTriedAgain(t *testing.T) {
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

// A client that is made for one upload changes nothing that others are reading at that moment.
func TestTheClientOfAnUploadSharesNothingThatItChanges(t *testing.T) {
	t.Parallel()

	client := s3.New(s3.Options{})
	require.NotNil(t, client.Options().ExpressCredentials)
	require.NotSame(t, client.Options().ExpressCredentials, ifMatch(client, "version").Options().ExpressCredentials)
}
