package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/pprof/profile"
)

// profileSeconds is the length of each profile that is collected. The collection ends with a whole one.
const profileSeconds = 2

// collectProfiles collects profiles of the computing time of a process until the benchmark ends, and then writes their sum to a
// file. metrics is the URL of its metrics.
func (b *bench) collectProfiles(metrics, file string) {
	url := fmt.Sprintf("%s/debug/pprof/profile?seconds=%d", strings.TrimSuffix(metrics, "/metrics"), profileSeconds)

	ending, ended := make(chan struct{}), make(chan error, 1)

	go func() {
		var collected []*profile.Profile

		for {
			text, err := fetch(context.Background(), http.DefaultClient, http.MethodGet, url, http.NoBody)
			if err == nil {
				var next *profile.Profile

				next, err = profile.ParseData(text)
				collected = append(collected, next)
			}

			if err != nil {
				ended <- fmt.Errorf("collecting profiles: %w", err)

				return
			}

			select {
			case <-ending:
				ended <- writeProfile(collected, file)

				return
			default:
			}
		}
	}()

	b.stops = append(b.stops, func() error {
		close(ending)

		return <-ended
	})
}

// writeProfile writes the sum of profiles to a file. It omits what the compiler does not read: where the process ran, and the
// addresses of its code.
func writeProfile(collected []*profile.Profile, file string) error {
	sum, err := profile.Merge(collected)
	if err != nil {
		return err
	}

	sum.Comments, sum.DocURL = nil, ""

	for _, mapped := range sum.Mapping {
		mapped.File, mapped.BuildID = filepath.Base(mapped.File), ""
	}

	var text bytes.Buffer
	if err := sum.Write(&text); err != nil {
		return err
	}

	return os.WriteFile(file, text.Bytes(), 0o644) //nolint:gosec // It is no secret.
}
