package remote

import (
	"fmt"
	"time"
)

// readTime returns the time that a flag has: with a time zone, or one of the user's time zone.
func readTime(text string) (time.Time, error) {
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at, nil
	}

	for _, layout := range []string{"2006-01-02T15:04:05", time.DateTime, "2006-01-02 15:04", "2006-01-02T15:04", time.DateOnly} {
		if at, err := time.ParseInLocation(layout, text, time.Local); err == nil { //nolint:gosmopolitan // The user wrote it.
			return at, nil
		}
	}

	return time.Time{}, fmt.Errorf("%q is no time; write 2026-01-31, \"2026-01-31 06:00\" or 2026-01-31T06:00:00Z", text)
}
