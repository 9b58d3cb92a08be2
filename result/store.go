package result

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"gocloud.dev/blob"

	"github.com/jobwright/jobwright/job"
)

// Store stores result sets.
type Store struct {
	bucket bucket
	kind   string
}

// Open opens the store in a folder, which it creates if necessary, or in the bucket of a gocloud.dev/blob URL. A program
// supports the kinds of buckets whose drivers it imports; see [github.com/jobwright/jobwright/result/cloud].
func Open(ctx context.Context, location string) (*Store, error) {
	opened, err := openBucket(ctx, location)
	if err != nil {
		return nil, fmt.Errorf("the result store %q can't be opened: %w", location, err)
	}

	scheme, _, isURL := strings.Cut(location, "://")
	if !isURL || scheme == "file" {
		scheme = "folder"
	}

	return &Store{bucket: opened, kind: scheme}, nil
}

// Kind returns folder, or the scheme of the URL of the bucket.
func (s *Store) Kind() string { return s.kind }

// Folder returns the folder that a location names, if it names no bucket.
func Folder(location string) (folder string, isFolder bool) {
	if !strings.Contains(location, "://") {
		return location, true
	}

	address, err := url.Parse(location)
	if err != nil || address.Scheme != "file" {
		return "", false
	}

	return filepath.FromSlash(address.Path), true
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
			return nil, errors.New("the URL of a folder must consist of file:// and the absolute path")
		}

		return openFolder(filepath.FromSlash(address.Path))
	}

	if mux := blob.DefaultURLMux(); !mux.ValidBucketScheme(address.Scheme) {
		supported := []string{"folders"}
		for _, scheme := range slices.Sorted(slices.Values(mux.BucketSchemes())) {
			supported = append(supported, scheme+"://")
		}

		return nil, fmt.Errorf("this program was built without support for %s:// (it supports %s)",
			address.Scheme, strings.Join(supported, ", "))
	}

	opened, err := blob.OpenBucket(ctx, location)
	if err != nil {
		return nil, err
	}

	return remote{opened}, nil
}

// Close releases the store.
func (s *Store) Close() error { return s.bucket.Close() }

// Has reports whether the result exists, in the store or within its reference.
func (s *Store) Has(ctx context.Context, result job.Result) (bool, error) {
	if result.Inline != nil {
		return true, nil
	}

	return s.bucket.has(ctx, result.Key)
}

// open reads length bytes of the text of a result set from an offset, or all the rest if length is negative.
func (s *Store) open(ctx context.Context, result job.Result, offset, length int64) (blobReader, error) {
	if result.Inline != nil {
		return openText(result.Inline, offset), nil
	}

	if length < 0 {
		length = result.Bytes - offset
	}

	opened, err := s.bucket.open(ctx, result.Key, offset, length)
	if err != nil {
		return nil, err
	}

	if opened.Size() != result.Bytes+indexLength(result.Records)*indexEntry {
		return nil, errors.Join(errDamaged, opened.Close())
	}

	return opened, nil
}
