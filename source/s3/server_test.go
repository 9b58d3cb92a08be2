package s3_test

import (
	"errors"
	"maps"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/internal/testserver"
	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/files"
	"github.com/jobwright/jobwright/source/s3"
)

// server is an S3 server with an empty bucket.
type server struct{ *testserver.S3Server }

func serve(t *testing.T) *server {
	t.Helper()

	return &server{testserver.S3(t)}
}

// open returns a source over the server's bucket with additional options.
func (s *server) open(t *testing.T, options map[string]any) *files.Source {
	t.Helper()

	all := s.Options()
	maps.Copy(all, options)

	opened, err := s3.Open(t.Context(), source.Definition{Name: "files", Kind: s3.Kind, Options: all}, source.Place{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, opened.Close()) })

	return opened.(*files.Source)
}

// client returns a client of the SDK.
func (s *server) client() *awss3.Client {
	return awss3.New(awss3.Options{
		BaseEndpoint: &s.URL, UsePathStyle: true, Region: testserver.S3Region,
		Credentials: credentials.NewStaticCredentialsProvider(testserver.S3AccessKeyID, testserver.S3SecretAccessKey, ""),
	})
}

// put creates an object.
func (s *server) put(t *testing.T, name, content string) {
	t.Helper()

	_, err := s.Backend.PutObject(testserver.S3Bucket, name, nil, strings.NewReader(content), int64(len(content)), nil)
	require.NoError(t, err)
}

// left returns the names of all objects and the number of incomplete uploads.
func (s *server) left(t *testing.T) (names []string, uploads int) {
	t.Helper()

	pages := awss3.NewListObjectsV2Paginator(s.client(), &awss3.ListObjectsV2Input{Bucket: aws.String(testserver.S3Bucket)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		require.NoError(t, err)

		for _, object := range page.Contents {
			names = append(names, *object.Key)
		}
	}

	list, err := s.client().ListMultipartUploads(t.Context(), &awss3.ListMultipartUploadsInput{Bucket: aws.String(testserver.S3Bucket)})

	// That is this server's way to say that there never was one.
	if api, isAPI := errors.AsType[smithy.APIError](err); isAPI && api.ErrorCode() == "NoSuchUpload" {
		return names, 0
	}

	require.NoError(t, err)

	return names, len(list.Uploads)
}
