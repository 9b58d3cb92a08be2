package testserver

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
)

// The bucket of an S3Server, and the credentials and region that it accepts.
const (
	S3Bucket          = "test"
	S3AccessKeyID     = "TESTKEYTESTKEYTESTKEY"
	S3SecretAccessKey = "test/secret/test/secret/test/secret"
	S3Region          = "us-east-1"
)

// S3Server is an HTTP server that implements S3 in memory and verifies the signatures of requests.
type S3Server struct {
	*httptest.Server

	Backend *s3mem.Backend // The content of the bucket.

	mu        sync.Mutex
	requests  []string // The kinds of all requests.
	intercept func(w http.ResponseWriter, r *http.Request) bool
}

// S3 starts a server with an empty bucket. It ends with the test.
func S3(tb testing.TB) *S3Server {
	tb.Helper()

	backend := s3mem.New()
	require(tb, backend.CreateBucket(S3Bucket))

	objects := gofakes3.New(backend, gofakes3.WithTimeSkewLimit(0)).Server()
	s := &S3Server{Backend: backend}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.requests = append(s.requests, S3Kind(r))
		intercept := s.intercept
		s.mu.Unlock()

		if intercept != nil && intercept(w, r) {
			return
		}

		if code, message := refused(r); code != "" {
			S3Answer(w, http.StatusForbidden, code, message)

			return
		}

		objects.ServeHTTP(w, r)
	}))
	tb.Cleanup(s.Close)

	return s
}

// Options returns the options of an AWSS3Source for the bucket.
func (s *S3Server) Options() map[string]any {
	return map[string]any{
		"bucket": S3Bucket, "endpoint": s.URL, "accessKeyId": S3AccessKeyID, "secretAccessKey": S3SecretAccessKey,
	}
}

// S3Kind returns the kind of a request, for example "PUT partNumber".
func S3Kind(r *http.Request) string {
	for _, key := range []string{"partNumber", "uploads", "uploadId", "list-type"} {
		if r.URL.Query().Has(key) {
			return r.Method + " " + key
		}
	}

	return r.Method
}

// Count counts the requests of a kind.
func (s *S3Server) Count(kind string) (count int) {
	s.mu.Lock()
	defer s.mu.Unlock()

	for _, request := range s.requests {
		if request == kind {
			count++
		}
	}

	return count
}

// Intercept calls a function with every further request. The server does not answer requests for which it returns true.
func (s *S3Server) Intercept(intercept func(w http.ResponseWriter, r *http.Request) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()

	s.intercept = intercept
}

// S3Answer writes an error response of S3.
func S3Answer(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, //nolint:gosec // Browsers do not receive it.
		"<Error><Code>%s</Code><Message>%s</Message><AWSAccessKeyId>%s</AWSAccessKeyId></Error>",
		code, message, S3AccessKeyID)
}

// refused returns the code and message of a request that is refused, because its key is unknown or its signature is not that of
// the secret key.
func refused(r *http.Request) (code, message string) {
	authorization := r.Header.Get("Authorization")
	if !strings.Contains(authorization, "Credential="+S3AccessKeyID+"/") {
		return "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records."
	}

	_, rest, _ := strings.Cut(authorization, "SignedHeaders=")
	signed, _, _ := strings.Cut(rest, ",")

	//nolint:gosec // It is signed but not sent.
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
		aws.Credentials{AccessKeyID: S3AccessKeyID, SecretAccessKey: S3SecretAccessKey}, again,
		r.Header.Get("X-Amz-Content-Sha256"), "s3", S3Region, then)
	if err != nil || again.Header.Get("Authorization") != authorization {
		return "SignatureDoesNotMatch", "The request signature we calculated does not match the signature you provided."
	}

	return "", ""
}
