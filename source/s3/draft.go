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
	// partSize is the size of an uploaded part, in bytes.
	partSize = 16 << 20

	// mostParts is S3's limit of the parts of an object.
	mostParts = 10_000

	// parallel is the number of parts that are uploaded at the same time. These and one more are in memory.
	parallel = 4

	// abortTimeout limits the removal of the parts of an upload whose context has ended.
	abortTimeout = 30 * time.Second
)

var errAborted = errors.New("the upload was aborted")

// draft is an object that is being uploaded: the written bytes go through a pipe to a goroutine that uploads them in parts. The
// server creates the object from the parts when the upload is completed. Parts that a crash leaves behind never become an
// object; the bucket's lifecycle rule AbortIncompleteMultipartUpload removes them.
type draft struct {
	pipe *io.PipeWriter
	size int64         // The number of bytes written.
	done chan struct{} // Closed when the upload has ended.
	err  error         // Why the upload failed.
	left error         // Why parts of a failed upload may not have been removed.
}

var _ files.Draft = (*draft)(nil)

// upload starts the upload of an object to bucket. With isNew, the upload fails if the object exists.
func (s *store) upload(ctx context.Context, bucket *blob.Bucket, name string, isNew bool) *draft {
	kind := mime.TypeByExtension(path.Ext(name))
	if kind == "" {
		kind = "application/octet-stream"
	}

	reader, writer := io.Pipe()
	started := &draft{pipe: writer, done: make(chan struct{})}

	go func() {
		defer close(started.done)

		err := bucket.Upload(ctx, name, reader, &blob.WriterOptions{
			BufferSize: partSize, MaxConcurrency: parallel, ContentType: kind, IfNotExist: isNew,
		})
		if err != nil {
			started.err, started.left = s.failed(ctx, written, err), s.removeParts(ctx, name, err)
			_ = reader.CloseWithError(started.err) // Otherwise the writer would wait for a reader.
		}
	}()

	return started
}

func (d *draft) Write(chunk []byte) (int, error) {
	if d.size += int64(len(chunk)); d.size > partSize*mostParts {
		return 0, &source.Error{
			Code: source.CodeUnavailable, Message: "the file is larger than 160 GB, the maximum of an upload",
			Hint: "compress it, for example with a name that ends with .zst, or write several files",
		}
	}

	return d.pipe.Write(chunk)
}

// Commit uploads the rest and completes the upload.
func (d *draft) Commit() error {
	_ = d.pipe.Close() // It never fails.

	<-d.done

	return d.err
}

// Abort ends the upload and removes its parts.
func (d *draft) Abort() error {
	_ = d.pipe.CloseWithError(errAborted) // It never fails.

	<-d.done

	return d.left
}

// removeParts removes the parts of an upload that failed with err. The uploader has tried that in its own context, which may
// have ended.
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

// ifMatch returns a copy of client that creates an object only if the existing object has the given version.
func ifMatch(client *s3.Client, version string) *s3.Client {
	options := client.Options()
	options.ExpressCredentials = nil // A new client would modify those of the other, which is in use.

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
