package jobservice

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"strings"
	"time"
)

// place is the place of a job in the list of all jobs, the newest first. It never changes, so that a list that is read page by
// page contains each job once.
type place struct {
	startedAt time.Time // With a precision of milliseconds, that of the least precise store of Temporal.
	jobID     string
}

// compare returns a negative number if the place is before the other one.
func (p place) compare(other place) int {
	return cmp.Or(other.startedAt.Compare(p.startedAt), strings.Compare(p.jobID, other.jobID))
}

// The bytes of a cursor: a digest, the time in milliseconds, and the jobId.
const (
	cursorDigest = 12
	cursorTime   = 8
)

// cursorOf returns the text that stands for a place in the list that the filter selects.
func cursorOf(at place, filter string) string {
	milliseconds := uint64(at.startedAt.UnixMilli()) // The reverse conversion is the same.
	position := binary.BigEndian.AppendUint64(nil, milliseconds)
	position = append(position, at.jobID...)

	return base64.RawURLEncoding.EncodeToString(append(digestOf(position, filter), position...))
}

// readCursor returns the place that a cursor stands for in the list that the filter selects.
func readCursor(text, filter string) (place, error) {
	wrong := Invalid("cursor is not the nextCursor of a list with the same filters; begin again without a cursor")

	bytes, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(bytes) <= cursorDigest+cursorTime {
		return place{}, wrong
	}

	digest, position := bytes[:cursorDigest], bytes[cursorDigest:]
	if string(digest) != string(digestOf(position, filter)) {
		return place{}, wrong
	}

	millis := int64(binary.BigEndian.Uint64(position)) //nolint:gosec // The reverse conversion is the same.

	return place{startedAt: time.UnixMilli(millis).UTC(), jobID: string(position[cursorTime:])}, nil
}

// digestOf binds a position to its filter. It is no signature: a forged cursor only leads to jobs that the filter selects anyway.
func digestOf(position []byte, filter string) []byte {
	sum := sha256.Sum256(append(append([]byte(filter), 0), position...))

	return sum[:cursorDigest]
}
