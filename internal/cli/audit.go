package cli

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/pflag"

	"github.com/jobwright/jobwright/audit"
)

// The values of the flag --audit-log that are no names of files.
const (
	AuditToStderr = "stderr"
	AuditToNone   = "none"
)

// AddAuditLog adds the flag of the audit log to those of a command.
func AddAuditLog(flags *pflag.FlagSet, target *string, byDefault string) {
	flags.StringVar(target, "audit-log", byDefault,
		"file for the audit log, which SIGHUP opens again; or "+AuditToStderr+", or "+AuditToNone)
}

// OpenAuditLog opens the audit log that the flag names, which is nil for none. Until ctx is done, SIGHUP opens its file again.
// log gets the errors of lines that can't be written. The caller closes the log.
func OpenAuditLog(ctx context.Context, target string, stderr io.Writer, log *slog.Logger) (*audit.Log, error) {
	switch target {
	case AuditToNone:
		return nil, nil //nolint:nilnil // A nil log discards its entries.
	case AuditToStderr:
		return audit.New(stderr), nil
	}

	opened, err := audit.Open(target, func(err error) { log.Error("a line of the audit log can't be written", "error", err) })
	if err != nil {
		return nil, fmt.Errorf("--audit-log: %w", err)
	}

	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)

	go func() {
		defer signal.Stop(hangups)

		for {
			select {
			case <-ctx.Done():
				return
			case <-hangups:
				if err := opened.Reopen(); err != nil {
					log.Error("the audit log can't be opened again; the last file stays in use", "error", err)
				}
			}
		}
	}()

	return opened, nil
}
