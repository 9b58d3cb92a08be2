package source_test

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
)

// closing is a source that tells when it is closed.
type closing struct{ closed *atomic.Int64 }

func (c closing) Close() error {
	c.closed.Add(1)

	return nil
}

func (closing) Check(context.Context) (string, error) { return "it is there", nil }

func TestAPoolOpensEachSourceOnce(t *testing.T) {
	t.Parallel()

	var opens, closed atomic.Int64

	pool := source.NewPool(source.Drivers{"x": func(context.Context, source.Definition, source.Place) (source.Source, error) {
		opens.Add(1)

		return closing{&closed}, nil
	}})
	definition := source.Definition{Name: "a", Kind: "x"}

	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			_, release, err := pool.Get(t.Context(), definition, source.Place{})
			if err == nil {
				release()
				release() // A second time changes nothing.
			}
		})
	}

	group.Wait()
	require.EqualValues(t, 1, opens.Load())

	// Another definition, or another place, is another source.
	definition.Options = map[string]any{"path": "b"}
	_, _, err := pool.Get(t.Context(), definition, source.Place{})
	require.NoError(t, err)

	_, _, err = pool.Get(t.Context(), definition, source.Place{AppDir: "c"})
	require.NoError(t, err)
	require.EqualValues(t, 3, opens.Load())

	require.NoError(t, pool.Close())
	require.EqualValues(t, 3, closed.Load())

	_, _, err = pool.Get(t.Context(), definition, source.Place{})
	require.EqualError(t, err, "the pool of sources is closed")
}

func TestAPoolTriesAgainToOpenWhatCouldNotBeOpened(t *testing.T) {
	t.Parallel()

	var opens, closed atomic.Int64

	pool := source.NewPool(source.Drivers{"x": func(context.Context, source.Definition, source.Place) (source.Source, error) {
		if opens.Add(1) == 1 {
			return nil, errors.New("not yet")
		}

		return closing{&closed}, nil
	}})

	_, _, err := pool.Get(t.Context(), source.Definition{Kind: "x"}, source.Place{})
	require.EqualError(t, err, "not yet")

	_, release, err := pool.Get(t.Context(), source.Definition{Kind: "x"}, source.Place{})
	require.NoError(t, err)
	release()
	require.NoError(t, pool.Close())
}

func TestWhoGivesUpDoesNotEndTheOpeningForOthers(t *testing.T) {
	t.Parallel()

	var closed atomic.Int64

	began, goOn := make(chan struct{}), make(chan struct{})
	pool := source.NewPool(source.Drivers{"x": func(ctx context.Context, _ source.Definition, _ source.Place) (source.Source, error) {
		close(began)
		<-goOn

		return closing{&closed}, ctx.Err()
	}})

	ctx, cancel := context.WithCancel(t.Context())
	first := make(chan error, 1)

	go func() {
		_, _, err := pool.Get(ctx, source.Definition{Kind: "x"}, source.Place{})
		first <- err
	}()

	<-began

	second := make(chan error, 1)

	go func() {
		_, _, err := pool.Get(t.Context(), source.Definition{Kind: "x"}, source.Place{})
		second <- err
	}()

	cancel()
	close(goOn)

	if err := <-first; err != nil { // It may have been opened before its caller looked again.
		require.ErrorIs(t, err, context.Canceled)
	}

	require.NoError(t, <-second)
	require.NoError(t, pool.Close())
}

func TestSecretsOfASourceAreLookedUpWhereItIsOpened(t *testing.T) {
	file := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(file, []byte("from the file\n"), 0o600))
	t.Setenv("JOBWRIGHT_TEST_SECRET", "from the environment")

	definition := source.Definition{Name: "a", Options: map[string]any{
		"url":  "pg://me:${env:JOBWRIGHT_TEST_SECRET}@x",
		"deep": map[string]any{"list": []any{"${file:" + file + "}", 7}},
	}}

	var options struct {
		URL  string `json:"url"`
		Deep struct {
			List []any `json:"list"`
		} `json:"deep"`
	}

	require.NoError(t, definition.Decode(&options))
	require.Equal(t, "pg://me:from the environment@x", options.URL)
	require.Equal(t, []any{"from the file", 7.0}, options.Deep.List)
	require.Equal(t, "pg://me:${env:JOBWRIGHT_TEST_SECRET}@x", definition.Options["url"], "the definition keeps the reference")

	for _, reference := range []string{"${env:JOBWRIGHT_TEST_NEVER_SET}", "${file:/nowhere/at/all}"} {
		err := source.Definition{Name: "a", Kind: "x", Options: map[string]any{"url": reference}}.Decode(&options)

		var problem *source.Error
		require.ErrorAs(t, err, &problem)
		require.Equal(t, source.CodeDefinitionInvalid, problem.Code)
	}
}

// Else connections would fail with the old password until nobody has used the source for a while.
func TestANewSecretIsAnotherSource(t *testing.T) {
	t.Parallel()

	file := filepath.Join(t.TempDir(), "secret")
	definition := source.Definition{Name: "a", Kind: "x", Options: map[string]any{"password": "${file:" + file + "}"}}

	var closed atomic.Int64

	passwords := make(chan string, 4)
	pool := source.NewPool(source.Drivers{"x": func(_ context.Context, definition source.Definition, _ source.Place) (source.Source, error) {
		var options struct {
			Password string `json:"password"`
		}

		err := definition.Decode(&options)
		passwords <- options.Password

		return closing{&closed}, err
	}})

	_, _, err := pool.Get(t.Context(), definition, source.Place{})

	var problem *source.Error
	require.ErrorAs(t, err, &problem)
	require.Equal(t, source.CodeDefinitionInvalid, problem.Code)

	for _, secret := range []string{"old", "old", "new"} {
		require.NoError(t, os.WriteFile(file, []byte(secret), 0o600))

		_, release, err := pool.Get(t.Context(), definition, source.Place{})
		require.NoError(t, err)
		release()
	}

	require.NoError(t, pool.Close())
	close(passwords)

	var opened []string
	for password := range passwords {
		opened = append(opened, password)
	}

	require.Equal(t, []string{"old", "new"}, opened)
}
