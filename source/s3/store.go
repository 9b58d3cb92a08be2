package s3

import (
	"context"
	"fmt"
	"io"
	"iter"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"gocloud.dev/blob"
	"gocloud.dev/blob/s3blob"
	"gocloud.dev/gcerrors"

	"github.com/jobwright/jobwright/source/files"
	"github.com/jobwright/jobwright/source/format"
)

// store is a bucket or a folder of a bucket.
type store struct {
	client *s3.Client
	bucket *blob.Bucket
	name   string // The bucket's name.
	prefix string // The prefix of every file's name: "" or a path that ends with a slash.
}

var _ files.Store = (*store)(nil)

func (s *store) String() string {
	if s.prefix == "" {
		return fmt.Sprintf("the bucket %q", s.name)
	}

	return fmt.Sprintf("the folder %q of the bucket %q", strings.TrimSuffix(s.prefix, "/"), s.name)
}

// Close closes the bucket. The SDK closes idle connections itself.
func (s *store) Close() error { return s.bucket.Close() }

// through returns the bucket with the given client for its requests.
func (s *store) through(ctx context.Context, client *s3.Client) (*blob.Bucket, error) {
	bucket, err := s3blob.OpenBucket(ctx, client, s.name, &s3blob.Options{
		RequestChecksumCalculation: client.Options().RequestChecksumCalculation,
	})
	if err != nil || s.prefix == "" {
		return bucket, err
	}

	return blob.PrefixedBucket(bucket, s.prefix), nil
}

// List requests a thousand names at a time. A deep listing reads all names that begin with the prefix.
func (s *store) List(ctx context.Context, prefix string, deep bool) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		options := &blob.ListOptions{Prefix: prefix}
		if !deep {
			options.Delimiter = "/"
		}

		for objects := s.bucket.List(options); ; {
			object, err := objects.Next(ctx)

			switch {
			case err == io.EOF:
				return
			case err != nil:
				yield("", s.failed(ctx, listed, err))

				return
			case object.IsDir, object.Key == "", strings.HasSuffix(object.Key, "/"): // A folder or the marker of an empty one.
			case !yield(object.Key, nil):
				return
			}
		}
	}
}

// Open starts the download of an object. One response has the whole object, so that all bytes are of one version even if the
// object is replaced meanwhile. For the same reason, content has no random access: formats that need it copy the file to disk.
func (s *store) Open(ctx context.Context, name string) (format.File, error) {
	reader, err := s.bucket.NewReader(ctx, name, nil)
	if err != nil {
		return nil, s.failed(ctx, opened, err)
	}

	opened := &content{reader: reader, failed: func(err error) error { return s.failed(ctx, read, err) }}

	var answer s3.GetObjectOutput
	if reader.As(&answer) {
		opened.version = aws.ToString(answer.ETag)
	}

	return opened, nil
}

// content is an object that is being read.
type content struct {
	reader  *blob.Reader
	version string // The object's ETag.
	closed  bool
	failed  func(error) error
}

func (c *content) Read(chunk []byte) (int, error) {
	length, err := c.reader.Read(chunk)
	if err == nil || err == io.EOF {
		return length, err
	}

	return length, c.failed(err)
}

// Size returns the size of the object.
func (c *content) Size() int64 { return c.reader.Size() }

// Close ends the download. It may be called again.
func (c *content) Close() error {
	if c.closed {
		return nil
	}

	c.closed = true

	return c.failed(c.reader.Close())
}

// Create starts the upload of an object.
func (s *store) Create(ctx context.Context, name string) (files.Draft, error) {
	return s.upload(ctx, s.bucket, name, false), nil
}

// Supersede starts the upload of an object that the server accepts only if the existing object is old, or if none exists and
// old is nil.
func (s *store) Supersede(ctx context.Context, name string, old format.File) (files.Draft, error) {
	expected, isContent := old.(*content)

	switch {
	case !isContent:
		return s.upload(ctx, s.bucket, name, true), nil
	case expected.version == "": // The server has no versions to compare.
		return s.upload(ctx, s.bucket, name, false), nil
	}

	bucket, err := s.through(ctx, ifMatch(s.client, expected.version))
	if err != nil {
		return nil, s.failed(ctx, written, err)
	}

	return s.upload(ctx, bucket, name, false), nil
}

// Version returns the object's ETag.
func (s *store) Version(file format.File) string {
	if opened, isContent := file.(*content); isContent {
		return opened.version
	}

	return ""
}

// Delete removes an object.
func (s *store) Delete(ctx context.Context, name string) error {
	err := s.bucket.Delete(ctx, name)
	if gcerrors.Code(err) == gcerrors.NotFound {
		return nil
	}

	return s.failed(ctx, removed, err)
}

// DeleteVersion compares the object's version and requests its removal on the condition that the version is unchanged. If the
// server does not implement the condition, it repeats the request without it.
func (s *store) DeleteVersion(ctx context.Context, name, version string) (isOther bool, err error) {
	existing, err := s.bucket.Attributes(ctx, name)
	if err == nil && existing.ETag != version {
		return true, nil
	}

	if err == nil {
		err = s.bucket.DeleteWithOptions(ctx, name, &blob.DeleteOptions{BeforeDelete: func(as func(any) bool) error {
			var request *s3.DeleteObjectInput
			if as(&request) {
				request.IfMatch = &version
			}

			return nil
		}})
	}

	switch {
	case gcerrors.Code(err) == gcerrors.NotFound:
		return false, nil
	case apiCode(err) == "PreconditionFailed":
		return true, nil
	case apiCode(err) == "NotImplemented":
		return false, s.Delete(ctx, name)
	}

	return false, s.failed(ctx, removed, err)
}
