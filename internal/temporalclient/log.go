package temporalclient

import (
	"context"
	"errors"
	"log/slog"

	"go.temporal.io/sdk/temporal"
)

// Messages of the SDK about an attempt of a step.
const (
	attemptFailed   = "Activity error."
	heartbeatFailed = "RecordActivityHeartbeat with error"
)

// handler lowers the level of messages of the SDK about attempts of steps. A failed attempt is a warning, since Temporal
// retries it or the job reports it. An attempt that was stopped is no news at all: its job is.
type handler struct{ slog.Handler }

// Handle handles a record.
func (h handler) Handle(ctx context.Context, record slog.Record) error {
	if record.Message != attemptFailed && record.Message != heartbeatFailed {
		return h.Handler.Handle(ctx, record)
	}

	record.Level = slog.LevelWarn
	if wasStopped(record) {
		record.Level = slog.LevelDebug
	}

	if !h.Enabled(ctx, record.Level) {
		return nil
	}

	return h.Handler.Handle(ctx, record)
}

// WithAttrs returns a handler that adds the attributes to each record.
func (h handler) WithAttrs(attributes []slog.Attr) slog.Handler {
	return handler{h.Handler.WithAttrs(attributes)}
}

// WithGroup returns a handler that adds the group to each record.
func (h handler) WithGroup(name string) slog.Handler { return handler{h.Handler.WithGroup(name)} }

// wasStopped reports whether the error of the record is a cancellation.
func wasStopped(record slog.Record) (stopped bool) {
	record.Attrs(func(attribute slog.Attr) bool {
		err, isError := attribute.Value.Any().(error)
		stopped = isError && (temporal.IsCanceledError(err) || errors.Is(err, context.Canceled))

		return !stopped
	})

	return stopped
}
