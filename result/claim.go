package result

import (
	"context"
	"errors"
	"fmt"
)

// ErrClaimed is the error for a store that belongs to another namespace.
var ErrClaimed = errors.New("the result store belongs to another namespace")

// claim is the key of the blob that contains the namespace of the store. It has not the form of a result's key.
const claim = "namespace"

// Claim assigns the store to a Temporal namespace. The error is [ErrClaimed] if it belongs to another one. Two namespaces can't
// share a store: a sweep asks one namespace which jobs exist, and would remove the results of all jobs of the other.
func (s *Store) Claim(ctx context.Context, namespace string) error {
	owner, err := s.owner(ctx)

	if errors.Is(err, ErrNotFound) {
		blob := s.CreateBlob(ctx, claim, "text/plain; charset=utf-8")
		if err := blob.Append([]byte(namespace)); err != nil {
			return errors.Join(err, blob.Abort())
		}

		if err := blob.Commit(); err != nil {
			return err
		}

		owner, err = s.owner(ctx) // If two processes claim it at the same time, the last write decides.
	}

	if err != nil {
		return err
	}

	if owner != namespace {
		return fmt.Errorf("%w, %s, not to %s: use a separate store for each namespace "+
			"or, if the other namespace no longer exists, remove %q from the store", ErrClaimed, owner, namespace, claim)
	}

	return nil
}

// owner returns the namespace that the store belongs to.
func (s *Store) owner(ctx context.Context) (string, error) {
	text, _, err := s.ReadBlob(ctx, claim, 0, -1)

	return string(text), err
}

// Check returns an error if the store can't be read.
func (s *Store) Check(ctx context.Context) error {
	if _, err := s.owner(ctx); !errors.Is(err, ErrNotFound) { // No worker has claimed it yet.
		return err
	}

	return nil
}
