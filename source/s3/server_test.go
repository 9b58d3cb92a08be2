package s3_test

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/files"
	"github.com/jobwright/jobwright/source/s3"
)

// The keys that a server knows.
const (
	accessKeyID     = "TESTKEYTESTKEYTESTKEY"
	secretAccessKey = "test/secret/test/secret/test/secret"
)

// server answers S3's requests over HTTP, after it has looked at their signatures.
type server struct {
	*httptest.Server

	backend *s3mem.Backend

	mu       sync.Mutex
	requests []string // The methods and the queries' first keys of all requests.
	intrude  func(w http.ResponseWriter, r *http.Request) bool
}

// serve starts a server with a bucket "test".
func serve(t *testing.T) *server {
	t.Helper()

	backend := s3mem.New()
	require.NoError(t, backend.CreateBucket("test"))

	objects := gofakes3.New(backend, gofakes3.WithTimeSkewLimit(0)).Server()
	s := &server{backend: backend}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.requests = append(s.requests, kindOf(r))
		intrude := s.intrude
		s.mu.Unlock()

		if intrude != nil && intrude(w, r) {
			return
		}

		if code, message := refused(r); code != "" {
			answer(w, http.StatusForbidden, code, message)

			return
		}

		objects.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)

	return s
}

// kindOf is what a request asks for: "PUT partNumber", for example.
func kindOf(r *http.Request) string {
	for _, key := range []string{"partNumber", "uploads", "uploadId", "list-type"} {
		if r.URL.Query().Has(key) {
			return r.Method + " " + key
		}
	}

	return r.Method
}

// count counts the requests of a kind.
func (s *server) count(kind string) (count int) {
	s.mu.Lock()
	defer s.mu.Unlock()

	for _, request := range s.requests {
		if request == kind {
			count++
		}
	}

	return count
}

// interrupt lets a function answer requests from now on, if it wants to.
func (s *server) interrupt(intrude func(w http.ResponseWriter, r *http.Request) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()

	s.intrude = intrude
}

// answer answers with an error as S3 does.
func answer(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, "<Error><Code>%s</Code><Message>%s</Message><AWSAccessKeyId>%s</AWSAccessKeyId></Error>",
		code, message, accessKeyID)
}

// refused tells why a request is refused, if it is: the key may be unknown, or the signature another one than that which
// the secret key makes.
func refused(r *http.Request) (code, message string) {
	authorization := r.Header.Get("Authorization")
	if !strings.Contains(authorization, "Credential="+accessKeyID+"/") {
		return "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records."
	}

	_, rest, _ := strings.Cut(authorization, "SignedHeaders=")
	signed, _, _ := strings.Cut(rest, ",")

	again, err := http.NewRequestWithContext(r.Context(), r.Method, "http://"+r.Host+r.URL.RequestURI(), http.NoBody)
	if err != nil {
		return "InternalError", err.Error()
	}

	for name := range strings.SplitSeq(signed, ";") {
		if name != "host" {
			again.Header[http.CanonicalHeaderKey(name)] = r.Header[http.CanonicalHeaderKey(name)]
		}
	}

	again.ContentLength = 0
	if strings.Contains(";"+signed+";", ";content-length;") {
		again.ContentLength = r.ContentLength
	}

	then, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	if err != nil {
		return "AccessDenied", "the date is missing"
	}

	err = v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true }).SignHTTP(r.Context(),
		aws.Credentials{AccessKeyID: accessKeyID, SecretAccessKey: secretAccessKey}, again,
		r.Header.Get("X-Amz-Content-Sha256"), "s3", "us-east-1", then)
	if err != nil || again.Header.Get("Authorization") != authorization {
		return "SignatureDoesNotMatch", "The request signature we calculated does not match the signature you provided."
	}

	return "", ""
}

// open returns a source over the server's bucket, with further options.
func (s *server) open(t *testing.T, options map[string]any) *files.Source {
	t.Helper()

	all := map[string]any{
		"bucket": "test", "endpoint": s.URL, "accessKeyId": accessKeyID, "secretAccessKey": secretAccessKey,
	}
	maps.Copy(all, options)

	opened, err := s3.Open(t.Context(), source.Definition{Name: "files", Kind: s3.Kind, Options: all}, source.Place{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, opened.Close()) })

	return opened.(*files.Source)
}

// client is one of the SDK's own.
func (s *server) client() *awss3.Client {
	return awss3.New(awss3.Options{
		BaseEndpoint: &s.URL, UsePathStyle: true, Region: "us-east-1",
		Credentials: credentials.NewStaticCredentialsProvider(accessKeyID, secretAccessKey, ""),
	})
}

// put makes an object.
func (s *server) put(t *testing.T, name, content string) {
	t.Helper()

	_, err := s.backend.PutObject("test", name, nil, strings.NewReader(content), int64(len(content)), nil)
	require.NoError(t, err)
}

// left are the names of all objects, and how many uploads are not at their end.
func (s *server) left(t *testing.T) (names []string, uploads int) {
	t.Helper()

	pages := awss3.NewListObjectsV2Paginator(s.client(), &awss3.ListObjectsV2Input{Bucket: aws.String("test")})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		require.NoError(t, err)

		for _, object := range page.Contents {
			names = append(names, *object.Key)
		}
	}

	list, err := s.client().ListMultipartUploads(t.Context(), &awss3.ListMultipartUploadsInput{Bucket: aws.String("test")})

	// That is this server's way to say that there never was one.
	if api, isAPI := errors.AsType[smithy.APIError](err); isAPI && api.ErrorCode() == "NoSuchUpload" {
		return names, 0
	}

	require.NoError(t, err)

	return names, len(list.Uploads)
}
