package source

import (
	"context"
	"fmt"
)

// Auditor is a source that examines the privileges of its user.
type Auditor interface {
	Source

	// Audit returns a warning for each privilege of the source's user that no job needs and that makes a mistake or a misuse
	// worse, such as those of a superuser, and for privileges that the user lacks to keep the ledger, without which steps can't
	// change the source. It changes nothing.
	Audit(ctx context.Context) ([]Warning, error)
}

// Warning is a result of [Auditor.Audit].
type Warning struct {
	Message string // What is wrong, in one sentence without a full stop.
	Hint    string // How to solve it.
}

// String returns the message and the hint.
func (w Warning) String() string { return fmt.Sprintf("%s (%s)", w.Message, w.Hint) }

// Count formats a number of things, such as "1 table" and "2 tables".
func Count(number int64, thing string) string {
	if number == 1 {
		return "1 " + thing
	}

	return fmt.Sprintf("%d %ss", number, thing)
}
