package mysql

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/jobwright/jobwright/source"
)

// noLedger is the option by which a source keeps none.
const noLedger = "none"

// ledger is the table in which a source records its effects.
type ledger struct {
	table    source.Table   // Without a space, it is in the connection's database. Without a name, there is none.
	naming   *regexp.Regexp // Finds its name in a statement.
	verified atomic.Bool    // Whether it was found to be of use.
	cleaning cleaning
}

// newLedger returns the ledger that an option names.
func newLedger(option string) (*ledger, error) {
	if option == noLedger {
		return &ledger{}, nil
	}

	table := source.Table{Name: option}
	if option == "" {
		table.Name = source.LedgerTable
	}

	if space, name, found := strings.Cut(table.Name, "."); found {
		table = source.Table{Space: space, Name: name}

		if space == "" || name == "" {
			return nil, fmt.Errorf("ledger is %q, and has to be a table's name, database.table or none", option)
		}
	}

	return &ledger{
		table: table, naming: regexp.MustCompile(`(?i)(^|[^\w$])` + regexp.QuoteMeta(table.Name) + `($|[^\w$])`),
	}, nil
}

func (l *ledger) isKept() bool { return l.table.Name != "" }

// is reports whether a table is the ledger. Whether MySQL tells capital letters in the names of tables depends on its host.
func (l *ledger) is(table, resolved source.Table) bool {
	return l.isKept() && strings.EqualFold(table.Name, resolved.Name) && strings.EqualFold(table.Space, resolved.Space)
}

// isChangedBy reports whether a statement may change the ledger: it names it, and does more than read.
func (l *ledger) isChangedBy(statement string) bool {
	return l.isKept() && l.naming.MatchString(statement) &&
		!slices.Contains([]string{"SELECT", "SHOW", "DESCRIBE", "DESC", "EXPLAIN"}, firstWord(statement))
}

// protectLedger is the error for a table that is the ledger, which no step may change.
func (s *session) protectLedger(table source.Table) error {
	if !s.source.ledger.is(table, s.resolve(s.source.ledger.table)) {
		return nil
	}

	return &source.Error{
		Code: source.CodeOperationUnsupported, Source: s.source.name, Table: table.String(),
		Message: "the table is the ledger of what was done, which no step may change", Hint: "give the table another name",
	}
}

// Recorded returns what an earlier attempt has done as that effect, if there was one that did it. Of a table that was
// replaced or made, it may not know yet when that attempt broke off just then; the next one finds out.
func (s *Source) Recorded(ctx context.Context, effect source.IdempotencyKey) (source.Written, bool, error) {
	if !s.ledger.isKept() || effect == (source.IdempotencyKey{}) {
		return source.Written{}, false, nil
	}

	session, err := s.connect(ctx, s.reading)
	if err != nil {
		return source.Written{}, false, s.classify(ctx, source.Table{}, source.CodeUnavailable, err)
	}

	written, found, err := session.recorded(ctx, effect)
	session.release(err)

	return written, found, s.classify(ctx, source.Table{}, source.CodeUnavailable, err)
}

func (s *session) recorded(ctx context.Context, effect source.IdempotencyKey) (source.Written, bool, error) {
	e, err := s.entry(effect)
	if err != nil {
		return source.Written{}, false, err
	}

	written, found, err := e.find(ctx)
	if number(err) == errNoSuchTable { // Nobody has recorded anything.
		err = nil
	}

	return written, found, e.explain(err)
}

// errRecorded is why an attempt rolls back: another one of the same effect has recorded it.
var errRecorded = errors.New("the effect is recorded already")

// once does what an effect is, unless it is recorded already. The entry with which do records it, just before it commits, is
// nil where there is no effect, or no ledger.
func (s *session) once(
	ctx context.Context, effect source.IdempotencyKey, do func(e *entry) (source.Written, error),
) (source.Written, error) {
	if !s.source.ledger.isKept() || effect == (source.IdempotencyKey{}) {
		return do(nil)
	}

	e, err := s.entry(effect)
	if err != nil {
		return source.Written{}, err
	}

	if err := e.supersede(ctx); err != nil {
		return source.Written{}, err
	}

	written, found, err := e.open(ctx)
	if err != nil {
		return source.Written{}, err
	}

	if !found {
		if written, err = do(e); errors.Is(err, errRecorded) {
			written, err = e.first(ctx)
		}
	}

	if err != nil {
		return source.Written{}, err
	}

	e.close(ctx)

	return written, nil
}
