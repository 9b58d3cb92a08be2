package mysql

import (
	"context"

	"github.com/jobwright/jobwright/source"
)

// How many seconds an attempt waits for an older one of the same effect: for its own end, and then for the end of its
// connection, which rolls back what it did.
const (
	courtesySeconds = 1
	endingSeconds   = 10
)

// supersede ends an older attempt of the effect that is still at work. Its worker may be cut off, or not even run, and its
// connection hold locks for hours.
func (e *entry) supersede(ctx context.Context) error {
	held, err := e.take(ctx, courtesySeconds)
	if held || err != nil {
		return err
	}

	// In one statement, lest the connection serves somebody else already.
	err = e.session.execute(ctx, "KILL IS_USED_LOCK('"+e.mark+"')")

	switch number(err) {
	case errUnknownConnection: // It has just ended.
	case errForeignConnection:
		return e.occupied()
	default:
		if err != nil {
			return err
		}
	}

	held, err = e.take(ctx, endingSeconds)
	if err == nil && !held {
		err = e.occupied()
	}

	return err
}

// occupied is the error for an older attempt that can't be ended. It could put its table in the place of a later one.
func (e *entry) occupied() error {
	return &source.Error{
		Code: source.CodeUnavailable, Source: e.session.source.name, Retryable: true,
		Message: "an older attempt of this step is still at work, or being rolled back",
		Hint:    "it can be ended by KILL with the connection that SELECT IS_USED_LOCK('" + e.mark + "') tells",
	}
}

// take takes the lock, for which it waits for so many seconds.
func (e *entry) take(ctx context.Context, seconds int) (held bool, err error) {
	err = e.session.conn.QueryRowContext(ctx, "SELECT COALESCE(GET_LOCK(?, ?), 0)", e.mark, seconds).Scan(&held)

	return held, err
}

// hasMade reports whether a table was made by this effect: it bears its mark. An attempt that put it in its place may have
// broken off before it could record that.
func (e *entry) hasMade(found *table) bool {
	return e != nil && found != nil && found.comment == e.mark
}

// option is what the definition of a table that the effect makes says of it.
func (e *entry) option() string {
	if e == nil {
		return ""
	}

	return " COMMENT='" + e.mark + "'"
}
