package pool_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/pool"
)

// closing is a source that counts how often it is closed.
type closing struct{ closed *atomic.Int64 }

func (c closing) Close() error {
	c.closed.Add(1)

	return nil
}

func (closing) Check(context.Context) (string, error) { return "available", nil }

func TestPoolGetOpensEachSourceOnce(t *testing.T) {
	t.Parallel()

	var opens, closed atomic.Int64

	sources := pool.New(source.Drivers{"x": func(context.Context, source.Definition, source.Place) (source.Source, error) {
		opens.Add(1)

		return closing{&closed}, nil
	}})
	definition := source.Definition{Name: "a", Kind: "x"}

	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			_, release, err := sources.Get(t.Context(), definition, source.Place{})
			if err == nil {
				release()
				release() // The second call has no effect.
			}
		})
	}

	group.Wait()
	require.EqualValues(t, 1, opens.Load())

	// Another definition or another place opens another source.
	definition.Options = map[string]any{"path": "b"}
	_, _, err := sources.Get(t.Context(), definition, source.Place{})
	require.NoError(t, err)

	_, _, err = sources.Get(t.Context(), definition, source.Place{AppDir: "c"})
	require.NoError(t, err)
	require.EqualValues(t, 3, opens.Load())

	require.NoError(t, sources.Close())
	require.EqualValues(t, 3, closed.Load())

	_, _, err = sources.Get(t.Context(), definition, source.Place{})
	require.EqualError(t, err, "the pool of sources is closed")
}

func TestPoolGetRetriesAfterOpenFailed(t *testing.T) {
	t.Parallel()

	var opens, closed atomic.Int64

	sources := pool.New(source.Drivers{"x": func(context.Context, source.Definition, source.Place) (source.Source, error) {
		if opens.Add(1) == 1 {
			return nil, errors.New("not yet")
		}

		return closing{&closed}, nil
	}})

	_, _, err := sources.Get(t.Context(), source.Definition{Kind: "x"}, source.Place{})
	require.EqualError(t, err, "not yet")

	_, release, err := sources.Get(t.Context(), source.Definition{Kind: "x"}, source.Place{})
	require.NoError(t, err)
	release()
	require.NoError(t, sources.Close())
}

func TestPoolGetCancelledByOneCallerOpensForOthers(t *testing.T) {
	t.Parallel()

	var closed atomic.Int64

	started, proceed := make(chan struct{}), make(chan struct{})
	sources := pool.New(source.Drivers{"x": func(ctx context.Context, _ source.Definition, _ source.Place) (source.Source, error) {
		close(started)
		<-proceed

		return closing{&closed}, ctx.Err()
	}})

	ctx, cancel := context.WithCancel(t.Context())
	first := make(chan error, 1)

	go func() {
		_, _, err := sources.Get(ctx, source.Definition{Kind: "x"}, source.Place{})
		first <- err
	}()

	<-started

	second := make(chan error, 1)

	go func() {
		_, _, err := sources.Get(t.Context(), source.Definition{Kind: "x"}, source.Place{})
		second <- err
	}()

	cancel()
	close(proceed)

	if err := <-first; err != nil { // The source may have been opened before the cancellation.
		require.ErrorIs(t, err, context.Canceled)
	}

	require.NoError(t, <-second)
	require.NoError(t, sources.Close())
}

// Otherwise connections would fail with the old password until the source times out.
func TestPoolGetReopensAfterSecretRotation(t *testing.T) {
	t.Parallel()

	file := filepath.Join(t.TempDir(), "secret")
	definition := source.Definition{Name: "a", Kind: "x", Options: map[string]any{"password": "${file:" + file + "}"}}

	var closed atomic.Int64

	passwords := make(chan string, 4)
	sources := pool.New(source.Drivers{"x": func(_ context.Context, definition source.Definition, _ source.Place) (source.Source, error) {
		var options struct {
			Password string `json:"password"`
		}

		err := definition.Decode(&options)
		passwords <- options.Password

		return closing{&closed}, err
	}})

	_, _, err := sources.Get(t.Context(), definition, source.Place{})

	var problem *source.Error
	require.ErrorAs(t, err, &problem)
	require.Equal(t, source.CodeDefinitionInvalid, problem.Code)

	for _, secret := range []string{"old", "old", "new"} {
		require.NoError(t, os.WriteFile(file, []byte(secret), 0o600))

		_, release, err := sources.Get(t.Context(), definition, source.Place{})
		require.NoError(t, err)
		release()
	}

	require.NoError(t, sources.Close())
	close(passwords)

	var opened []string
	for password := range passwords {
		opened = append(opened, password)
	}

	require.Equal(t, []string{"old", "new"}, opened)
}
