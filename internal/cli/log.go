package cli

import (
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"

	"github.com/spf13/pflag"
)

// LogFormat is the form of the lines of a log.
type LogFormat string

// The formats of logs.
const (
	LogText LogFormat = "text"
	LogJSON LogFormat = "json"
)

// LogFlags are the flags of a command that writes a log.
type LogFlags struct{ level, format choice }

// AddTo adds the flags to those of a command, with their defaults.
func (l *LogFlags) AddTo(flags *pflag.FlagSet, format LogFormat, level slog.Level) {
	l.format = choice{value: string(format), of: []string{string(LogText), string(LogJSON)}}
	l.level = choice{value: strings.ToLower(level.String()), of: []string{"debug", "info", "warn", "error"}}

	flags.Var(&l.format, "log-format", "format of the log: text or json")
	flags.Var(&l.level, "log-level", "lowest level of the lines of the log: debug, info, warn or error")
}

// Logger returns a logger that writes to out as the flags say.
func (l *LogFlags) Logger(out io.Writer) *slog.Logger {
	var level slog.Level

	_ = level.UnmarshalText([]byte(l.level.value)) // The flag accepts levels alone.

	options := &slog.HandlerOptions{Level: level}
	if l.format.value == string(LogJSON) {
		return slog.New(slog.NewJSONHandler(out, options))
	}

	return slog.New(slog.NewTextHandler(out, options))
}

// choice is the value of a flag that accepts some words.
type choice struct {
	value string
	of    []string
}

// String returns the chosen word.
func (c *choice) String() string { return c.value }

// Set chooses a word. The error lists the words.
func (c *choice) Set(value string) error {
	if !slices.Contains(c.of, value) {
		return fmt.Errorf("use %s or %s", strings.Join(c.of[:len(c.of)-1], ", "), c.of[len(c.of)-1])
	}

	c.value = value

	return nil
}

// Type returns the placeholder of the value in help texts.
func (c *choice) Type() string { return "string" }
