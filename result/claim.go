package result

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// ErrTaken is the error for a store that belongs to another namespace.
var ErrTaken = errors.New("the result store belongs to another namespace")

// claim is the key of the blob that holds the name of the namespace that a store belongs to. It is no key of a result.
const claim = "namespace"

// Claim makes the store that of a namespace of Temporal's, unless it is that of another one already: [ErrTaken]. Who sweeps
// a store asks one namespace which jobs there are, and would take the results of every other namespace for those of jobs
// that are forgotten.
func (s *Store) Claim(ctx context.Context, namespace string) error {
	owner, err := s.owner(ctx)

	if errors.Is(err, ErrNotFound) {
		if err := s.write(ctx, claim, namespace); err != nil {
			return err
		}

		owner, err = s.owner(ctx) // Of two that find it free at the same moment, the last one to write has it.
	}

	if err != nil {
		return err
	}

	if owner != namespace {
		return fmt.Errorf("%w, %s, and not to %s: give each a store of its own, or, if there is no such namespace any more, "+
			"remove what is named %q in the store", ErrTaken, owner, namespace, claim)
	}

	return nil
}

// owner returns the namespace that the store belongs to.
func (s *Store) owner(ctx context.Context) (owner string, err error) {
	reader, err := s.bucket.open(ctx, claim, 0, -1)
	if err != nil {
		return "", err
	}

	defer func() { err = errors.Join(err, reader.Close()) }()

	text, err := io.ReadAll(reader)

	return string(text), err
}

// write writes a small blob.
func (s *Store) write(ctx context.Context, key, text string) error {
	writer, err := s.bucket.create(ctx, key, "text/plain; charset=utf-8")
	if err != nil {
		return err
	}

	if _, err := io.WriteString(writer, text); err != nil {
		return errors.Join(err, writer.abort())
	}

	return writer.commit()
}
