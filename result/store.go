package result

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"strings"

	"gocloud.dev/blob"
	_ "gocloud.dev/blob/fileblob" // Registers file:// URLs.
	"gocloud.dev/gcerrors"

	"github.com/jobwright/jobwright/job"
)

// ErrNotFound is the error for a result that the store does not hold, or holds no more.
var ErrNotFound = errors.New("the result is not in the result store")

// Store is a place that holds result sets.
type Store struct {
	bucket *blob.Bucket
}

// Open opens the store at a folder, which is created when it is missing, or at the URL of a gocloud.dev/blob bucket.
func Open(ctx context.Context, location string) (*Store, error) {
	address, err := bucketURL(location)
	if err != nil {
		return nil, fmt.Errorf("the result store %q has no location that can be read: %w", location, err)
	}

	bucket, err := blob.OpenBucket(ctx, address)
	if err != nil {
		return nil, fmt.Errorf("the result store %q can't be opened: %w", location, err)
	}

	return &Store{bucket: bucket}, nil
}

// bucketURL returns the URL of a store's location. In a folder, new files are made beside the finished ones, because a
// rename from another file system is not atomic, and have no second file with attributes.
func bucketURL(location string) (string, error) {
	if !strings.Contains(location, "://") {
		absolute, err := filepath.Abs(location)
		if err != nil {
			return "", err
		}

		location = (&url.URL{Scheme: "file", Path: filepath.ToSlash(absolute)}).String()
	}

	address, err := url.Parse(location)
	if err != nil || address.Scheme != "file" {
		return location, err
	}

	query := address.Query()
	for name, value := range map[string]string{"create_dir": "true", "no_tmp_dir": "true", "metadata": "skip"} {
		if !query.Has(name) {
			query.Set(name, value)
		}
	}

	address.RawQuery = query.Encode()

	return address.String(), nil
}

// Close releases the store.
func (s *Store) Close() error { return s.bucket.Close() }

// Has reports whether the store holds the result.
func (s *Store) Has(ctx context.Context, result job.Result) (bool, error) {
	return s.bucket.Exists(ctx, result.Key)
}

// Copy writes the result set to w as the API answers it, a JSON object with schema and records, or with the records
// alone. The error is [ErrNotFound] when the store does not hold it; nothing was written then.
func (s *Store) Copy(ctx context.Context, w io.Writer, result job.Result, withSchema bool) error {
	offset := int64(0)
	if !withSchema {
		offset = result.SchemaBytes
	}

	reader, err := s.bucket.NewRangeReader(ctx, result.Key, offset, -1, nil)
	if gcerrors.Code(err) == gcerrors.NotFound {
		return ErrNotFound
	}

	if err != nil {
		return err
	}

	if !withSchema {
		if _, err := io.WriteString(w, "{"); err != nil {
			return errors.Join(err, reader.Close())
		}
	}

	_, err = io.Copy(w, reader)

	return errors.Join(err, reader.Close())
}
