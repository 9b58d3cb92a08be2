// Package audit writes the audit log: a line in JSON for each request that changes something, and for each one that was refused
// because its sender may not make it. The log is apart from that of the process, so that it can be stored longer and protected
// better. It contains names and IDs, never a key, a token, a parameter or a record.
package audit

import (
	"context"
	"io"
	"log/slog"
	"os"
	"sync"
)

// OK is the outcome of a request that was accepted.
const OK = "ok"

// Entry is a line of the audit log. A field that is empty is left out.
type Entry struct {
	Call      string // What was requested, for example executeJob.
	App       string // The ID of the app.
	Access    string // Who requested it: the name of an access of the app.
	JobID     string
	Schedule  string // The schedule that the request names.
	Source    string // The source that the request names.
	Scenario  string // The scenario of a job that the request has started.
	Outcome   string // [OK], or the code of the error.
	Remote    string // The address of the other end of the connection.
	Reference string // Identifies the request in the log of the process.
}

// Log is an audit log. Many goroutines may use a Log at once. A nil Log discards its entries.
type Log struct {
	logger *slog.Logger
	file   *file // nil if the log is not a file.
}

// New returns a log that writes to out.
func New(out io.Writer) *Log {
	return &Log{logger: slog.New(slog.NewJSONHandler(out, nil))}
}

// Open returns a log that appends to a file, which it creates for its owner and the group. It calls failed with the error of each
// line that can't be written: a full disk does not end the service. The caller closes the log.
func Open(path string, failed func(error)) (*Log, error) {
	out := &file{path: path, failed: failed}
	if err := out.open(); err != nil {
		return nil, err
	}

	log := New(out)
	log.file = out

	return log, nil
}

// Record writes an entry. It returns when the line is written.
func (l *Log) Record(ctx context.Context, entry Entry) {
	if l == nil {
		return
	}

	attributes := make([]slog.Attr, 0, 10)

	for _, field := range []struct{ name, value string }{
		{"call", entry.Call},
		{"app", entry.App},
		{"access", entry.Access},
		{"jobId", entry.JobID},
		{"schedule", entry.Schedule},
		{"source", entry.Source},
		{"scenario", entry.Scenario},
		{"outcome", entry.Outcome},
		{"remote", entry.Remote},
		{"reference", entry.Reference},
	} {
		if field.value != "" {
			attributes = append(attributes, slog.String(field.name, field.value))
		}
	}

	level := slog.LevelInfo
	if entry.Outcome != OK {
		level = slog.LevelWarn
	}

	l.logger.LogAttrs(ctx, level, "audit", attributes...)
}

// Reopen opens the file of the log again, after it was renamed. Without a file, it does nothing.
func (l *Log) Reopen() error {
	if l == nil || l.file == nil {
		return nil
	}

	return l.file.open()
}

// Close closes the file of the log.
func (l *Log) Close() error {
	if l == nil || l.file == nil {
		return nil
	}

	return l.file.close()
}

// file is the file of a log.
type file struct {
	path   string
	failed func(error)

	mu     sync.Mutex
	opened *os.File
}

// open opens the file, and closes the one that was open. If it fails, that one stays in use.
func (f *file) open() error {
	//nolint:gosec // The operator chooses the file, and a group that may read it.
	opened, err := os.OpenFile(f.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o640)
	if err != nil {
		return err
	}

	f.mu.Lock()
	previous := f.opened
	f.opened = opened
	f.mu.Unlock()

	if previous == nil {
		return nil
	}

	return previous.Close()
}

// Write appends a line. Its error reaches the operator, because the logger ignores it.
func (f *file) Write(line []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()

	written, err := f.opened.Write(line)
	if err != nil {
		f.failed(err)
	}

	return written, err
}

func (f *file) close() error {
	f.mu.Lock()
	defer f.mu.Unlock()

	return f.opened.Close()
}
