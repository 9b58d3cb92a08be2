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

// store is a bucket, or a folder of one, as a store of files.
type store struct {
	client *s3.Client
	bucket *blob.Bucket
	name   string // The bucket's name.
	prefix string // What stands before each file's name: nothing, or a path that ends in a slash.
}

var _ files.Store = (*store)(nil)

func (s *store) String() string {
	if s.prefix == "" {
		return fmt.Sprintf("the bucket %q", s.name)
	}

	return fmt.Sprintf("the folder %q of the bucket %q", strings.TrimSuffix(s.prefix, "/"), s.name)
}

// Close gives the bucket up. The connections belong to the SDK, which closes them when they are idle.
func (s *store) Close() error { return s.bucket.Close() }

// through returns the bucket with that client for its requests.
func (s *store) through(ctx context.Context, client *s3.Client) (*blob.Bucket, error) {
	bucket, err := s3blob.OpenBucket(ctx, client, s.name, &s3blob.Options{
		RequestChecksumCalculation: client.Options().RequestChecksumCalculation,
	})
	if err != nil || s.prefix == "" {
		return bucket, err
	}

	return blob.PrefixedBucket(bucket, s.prefix), nil
}

// List asks for a thousand names at a time. A deep listing of a bucket goes through all that the prefix begins.
func (s *store) List(ctx context.Context, prefix string, deep bool) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		options := &blob.ListOptions{Prefix: prefix}
		if !deep {
			options.Delimiter = "/"
		}

		for objects := s.bucket.List(options); ; {
			object, err := objects.Next(ctx)

			switch {
			case err == io.EOF: //nolint:errorlint // An error that has io.EOF as its cause is not the end.
				return
			case err != nil:
				yield("", s.failed(ctx, listed, err))

				return
			case object.IsDir, object.Key == "", strings.HasSuffix(object.Key, "/"): // What shows an empty folder.
			case !yield(object.Key, nil):
				return
			}
		}
	}
}

// Open begins to download an object. It comes in one answer, so that all of it is of one version, also when another one takes
// its place meanwhile. For the same reason it is not read here and there: formats that need this set it aside.
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
	if err == nil || err == io.EOF { //nolint:errorlint // What the end is, and nothing that wraps it.
		return length, err
	}

	return length, c.failed(err)
}

// Size is that of the object whose download began.
func (c *content) Size() int64 { return c.reader.Size() }

// Close ends the download. It may be called again.
func (c *content) Close() error {
	if c.closed {
		return nil
	}

	c.closed = true

	return c.failed(c.reader.Close())
}

// Create begins to upload an object.
func (s *store) Create(ctx context.Context, name string) (files.Draft, error) {
	return s.upload(ctx, s.bucket, name, false), nil
}

// Supersede begins to upload an object that the server accepts only while old is there, or nothing.
func (s *store) Supersede(ctx context.Context, name string, old format.File) (files.Draft, error) {
	was, isContent := old.(*content)

	switch {
	case !isContent:
		return s.upload(ctx, s.bucket, name, true), nil
	case was.version == "": // The server does not tell versions, and so can't compare them.
		return s.upload(ctx, s.bucket, name, false), nil
	}

	bucket, err := s.through(ctx, ifMatch(s.client, was.version))
	if err != nil {
		return nil, s.failed(ctx, written, err)
	}

	return s.upload(ctx, bucket, name, false), nil
}

// Version is the object's ETag.
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

// DeleteVersion asks for the object's version, and has the server remove that one. Not every server knows such a condition, and
// those of them that say so are told again without it.
func (s *store) DeleteVersion(ctx context.Context, name, version string) (isOther bool, err error) {
	there, err := s.bucket.Attributes(ctx, name)
	if err == nil && there.ETag != version {
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
