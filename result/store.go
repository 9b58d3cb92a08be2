package result

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	"gocloud.dev/blob"

	"github.com/jobwright/jobwright/job"
)

// Store is a place that holds result sets.
type Store struct {
	bucket bucket
}

// Open opens the store at a folder, which is created when it is missing, or at the URL of a bucket of gocloud.dev/blob.
// Which kinds of buckets there are is up to what the program imports; see [github.com/jobwright/jobwright/result/cloud].
func Open(ctx context.Context, location string) (*Store, error) {
	opened, err := openBucket(ctx, location)
	if err != nil {
		return nil, fmt.Errorf("the result store %q can't be opened: %w", location, err)
	}

	return &Store{opened}, nil
}

func openBucket(ctx context.Context, location string) (bucket, error) {
	if !strings.Contains(location, "://") {
		return openFolder(location)
	}

	address, err := url.Parse(location)
	if err != nil {
		return nil, err
	}

	if address.Scheme == "file" {
		if (address.Host != "" && address.Host != "localhost") || address.RawQuery != "" {
			return nil, errors.New("the URL of a folder is file:// and its absolute path, and nothing more")
		}

		return openFolder(filepath.FromSlash(address.Path))
	}

	opened, err := blob.OpenBucket(ctx, location)
	if err != nil {
		return nil, err
	}

	return remote{opened}, nil
}

// Close releases the store.
func (s *Store) Close() error { return s.bucket.Close() }

// Has reports whether the store holds the result, or the reference to it does.
func (s *Store) Has(ctx context.Context, result job.Result) (bool, error) {
	if result.Inline != nil {
		return true, nil
	}

	return s.bucket.has(ctx, result.Key)
}

// open reads a result set from an offset on: length bytes, or, where length is negative, all the rest of its text.
func (s *Store) open(ctx context.Context, result job.Result, offset, length int64) (blobReader, error) {
	if result.Inline != nil {
		return openText(result.Inline, offset), nil
	}

	if result.Bytes == 0 { // The reference is from a time when there was the text and no index.
		return s.bucket.open(ctx, result.Key, offset, length)
	}

	if length < 0 {
		length = result.Bytes - offset
	}

	opened, err := s.bucket.open(ctx, result.Key, offset, length)
	if err != nil {
		return nil, err
	}

	if opened.Size() != result.Bytes+entriesOf(result.Records)*indexEntry {
		return nil, errors.Join(errDamaged, opened.Close())
	}

	return opened, nil
}
