package result

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/jobwright/jobwright/job"
)

// Sweep removes result sets, spooled records and the temporary files of killed writers, if they were last changed longer ago
// than olderThan, and isUsed returns false for their keys. A nil isUsed returns false always. Temporary files are removed
// without a call of isUsed.
//
// Sweep holds a bounded number of keys in memory, and removes nothing that a store has not written. Several workers may sweep
// at the same time. A reader of a removed result set can read it to the end. If a removal fails, Sweep continues, and finally
// returns the first error.
func (s *Store) Sweep(ctx context.Context, olderThan time.Duration, isUsed func(key string) bool) (removed int, err error) {
	if olderThan <= 0 {
		return 0, errors.New("a sweep of the result store requires a positive age; " +
			"without one, it would remove results that are being written")
	}

	limit := time.Now().Add(-olderThan)

	return s.bucket.sweep(ctx, "", func(key string, changed time.Time) bool {
		if !changed.Before(limit) || !isKey(key) {
			return false
		}

		return strings.HasSuffix(key, temporarySuffix) || isUsed == nil || !isUsed(key)
	})
}

// RemoveJob removes the result sets and the spooled records of a job and of its children, of all their attempts, and returns how
// many it has removed. If a removal fails, it continues, and finally returns the first error.
func (s *Store) RemoveJob(ctx context.Context, appID, jobID string) (removed int, err error) {
	return s.bucket.sweep(ctx, job.ResultFolder(appID, jobID), func(key string, _ time.Time) bool { return isKey(key) })
}

// isKey reports whether a key has the form of job.ResultKey: the app, the job, and a name with the run and an extension. A
// folder or bucket may contain other files.
func isKey(key string) bool {
	parts := strings.Split(key, "/")
	if len(parts) != 3 {
		return false
	}

	name := parts[2]
	if !beginsWithUUID(parts[1]) && !beginsWithUUID(name) {
		return false
	}

	if unfinished, isTemporary := strings.CutSuffix(name, temporarySuffix); isTemporary {
		at := strings.LastIndexByte(unfinished, '.')
		name = unfinished[:max(at, 0)]
	}

	return strings.HasSuffix(name, ".json") || strings.HasSuffix(name, ".ndjson")
}

// beginsWithUUID reports whether a part of a key begins with the ID of a run, or of a job whose caller chose no ID.
func beginsWithUUID(part string) bool {
	const length = 36

	return len(part) >= length && uuid.Validate(part[:length]) == nil
}

// mayContainBlobs reports whether a folder of that name can contain blobs or folders with blobs.
func mayContainBlobs(name string) bool {
	return strings.Count(name, "/") < 2
}
