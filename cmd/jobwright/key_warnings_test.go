package main

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/app/apikey"
)

func TestWarnOfKeysReportsMissingAndExpiringKeysEachDay(t *testing.T) {
	t.Parallel()

	synctest.Test(t, func(t *testing.T) {
		days := func(count int) string { return time.Now().AddDate(0, 0, count).UTC().Format(time.RFC3339) }
		digest := func() string { return apikey.DigestOf(apikey.New()).String() }

		dir := t.TempDir()
		require.NoError(t, os.Mkdir(filepath.Join(dir, "7"), 0o750))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "7", "app.yaml"), []byte(`
access:
  - {name: missing, key: "${env:JOBWRIGHT_APP_7_NEVER_SET}"}
  - name: rotated
    keys: [{sha256: `+digest()+`, expires: `+days(1)+`}, {sha256: `+digest()+`, expires: `+days(20)+`}, {sha256: `+digest()+`}]
`), 0o600))

		apps, err := app.Open(dir, app.Options{})
		require.NoError(t, err)

		var out logBuffer

		ctx, cancel := context.WithCancel(t.Context())
		go warnOfKeys(ctx, apps, slog.New(slog.NewTextHandler(&out, nil)))

		printed := func() string {
			synctest.Wait()

			return out.take()
		}

		first := printed()
		require.Equal(t, 2, strings.Count(first, "level=WARN"), first)
		require.Contains(t, first, `msg="the key of an access is not set; calls with it are rejected" app=7 access=missing`)
		require.Contains(t, first, `msg="a key of an access expires soon" app=7 access=rotated expires=`+days(1)[:19])

		time.Sleep(24 * time.Hour) //nolint:forbidigo // Fake time.
		require.Contains(t, printed(), `msg="a key of an access has expired; calls with it are rejected" app=7 access=rotated`)

		time.Sleep(6 * 24 * time.Hour) //nolint:forbidigo // Fake time.
		require.Contains(t, printed(), `expires=`+days(13)[:19])

		cancel()
	})
}

// logBuffer collects what a logger of another goroutine writes. Fake time does not order the accesses of two goroutines.
type logBuffer struct {
	mu  sync.Mutex
	out bytes.Buffer
}

func (b *logBuffer) Write(line []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()

	return b.out.Write(line)
}

// take returns what was written since the last call.
func (b *logBuffer) take() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	defer b.out.Reset()

	return b.out.String()
}
