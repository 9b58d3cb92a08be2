package s3

import (
	"context"
	"errors"
	"io"
	"mime"
	"path"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/middleware"
	"gocloud.dev/blob"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/files"
)

const (
	// partSize is how much is uploaded with one request, in bytes.
	partSize = 16 << 20

	// mostParts is how many parts S3 makes an object of, at most.
	mostParts = 10_000

	// parallel is how many parts are under way at once; as many, and one more, are held in memory.
	parallel = 4

	// abortTimeout is how long it may take to remove the parts of an upload whose context has ended.
	abortTimeout = 30 * time.Second
)

var errAborted = errors.New("the upload was aborted")

// draft is an object that is being uploaded: what is written goes through a pipe to a goroutine that sends it in parts. The
// server makes an object of the parts when all of them are there, and not before. Parts that a crash leaves are never an
// object; a rule of the bucket's life cycle (AbortIncompleteMultipartUpload) removes them.
type draft struct {
	pipe *io.PipeWriter
	size int64         // How much was written.
	done chan struct{} // Closed when the upload has ended.
	err  error         // Why it failed.
	left error         // Why something may be left of it.
}

var _ files.Draft = (*draft)(nil)

// upload begins to upload an object to bucket; with isNew only if there is none of that name.
func (s *store) upload(ctx context.Context, bucket *blob.Bucket, name string, isNew bool) *draft {
	kind := mime.TypeByExtension(path.Ext(name))
	if kind == "" {
		kind = "application/octet-stream"
	}

	reader, writer := io.Pipe()
	begun := &draft{pipe: writer, done: make(chan struct{})}

	go func() {
		defer close(begun.done)

		err := bucket.Upload(ctx, name, reader, &blob.WriterOptions{
			BufferSize: partSize, MaxConcurrency: parallel, ContentType: kind, IfNotExist: isNew,
		})
		if err != nil {
			begun.err, begun.left = s.failed(ctx, written, err), s.removeParts(ctx, name, err)
			_ = reader.CloseWithError(begun.err) // Whoever writes is told, and does not wait for a reader.
		}
	}()

	return begun
}

func (d *draft) Write(chunk []byte) (int, error) {
	if d.size += int64(len(chunk)); d.size > partSize*mostParts {
		return 0, &source.Error{
			Code: source.CodeUnavailable, Message: "the file is larger than 160 GB, which is more than is uploaded as one",
			Hint: "compress it, for example by a name that ends with .zst, or write several files",
		}
	}

	return d.pipe.Write(chunk)
}

// Commit sends the rest and lets the server make the object.
func (d *draft) Commit() error {
	_ = d.pipe.Close() // It never fails.

	<-d.done

	return d.err
}

// Abort ends the upload, and waits until nothing is left of it.
func (d *draft) Abort() error {
	_ = d.pipe.CloseWithError(errAborted) // It never fails.

	<-d.done

	return d.left
}

// removeParts removes what an upload left that failed with err. The uploader has tried it, but in its context, which may have
// ended.
func (s *store) removeParts(ctx context.Context, name string, err error) error {
	upload, isMultipart := errors.AsType[interface {
		error
		UploadID() string
	}](err)
	if !isMultipart {
		return nil
	}

	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), abortTimeout)
	defer cancel()

	_, err = s.client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{
		Bucket: &s.name, Key: aws.String(s.prefix + name), UploadId: aws.String(upload.UploadID()),
	})
	if apiCode(err) == "NoSuchUpload" {
		return nil
	}

	return s.failed(ctx, removed, err)
}

// ifMatch returns a client like that one that makes an object only while the version that is there is that one.
func ifMatch(client *s3.Client, version string) *s3.Client {
	options := client.Options()
	options.ExpressCredentials = nil // A new client changes those that it gets, while others use them.

	return s3.New(options, func(o *s3.Options) {
		o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
			return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("IfMatch", func(
				ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler,
			) (middleware.InitializeOutput, middleware.Metadata, error) {
				switch request := in.Parameters.(type) {
				case *s3.PutObjectInput:
					request.IfMatch = &version
				case *s3.CompleteMultipartUploadInput:
					request.IfMatch = &version
				}

				return next.HandleInitialize(ctx, in)
			}), middleware.Before)
		})
	})
}
