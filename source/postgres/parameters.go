package postgres

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/jobwright/jobwright/source"
)

// parameters are the values of a statement's placeholders, in text form. The server infers their types from the statement.
type parameters struct {
	values [][]byte
	types  []uint32 // The OIDs of the types that the values have if the server can't infer them; 0 for text and NULL.
}

func encodeParameters(values []any) (parameters, error) {
	encoded := parameters{values: make([][]byte, len(values)), types: make([]uint32, len(values))}

	for i, value := range values {
		switch v := value.(type) {
		case nil:
		case string:
			encoded.values[i] = []byte(v)
		case int64:
			encoded.values[i] = strconv.AppendInt(nil, v, 10)
			encoded.types[i] = pgtype.Int8OID

			if v >= math.MinInt32 && v <= math.MaxInt32 {
				encoded.types[i] = pgtype.Int4OID
			}
		case float64:
			text, err := source.AppendText(nil, source.Standard{Type: source.Float}, v)
			if err != nil {
				return parameters{}, err
			}

			encoded.values[i] = text
			if v != 0 || !math.Signbit(v) { // numeric has all digits of a float, but no -0.
				encoded.types[i] = pgtype.NumericOID
			}
		case source.Number:
			encoded.values[i] = []byte(v)
			encoded.types[i] = pgtype.NumericOID
		case bool:
			encoded.values[i] = strconv.AppendBool(nil, v)
			encoded.types[i] = pgtype.BoolOID
		default:
			return parameters{}, fmt.Errorf("a parameter can't have a value of type %T", value)
		}
	}

	return encoded, nil
}

// areInferred reports whether the server infers all types, because all values are text or NULL.
func (p parameters) areInferred() bool {
	return !slices.ContainsFunc(p.types, func(oid uint32) bool { return oid != 0 })
}

// isGuess reports whether a type that the server inferred may not be the type that the statement means, for a value with a type
// of its own. The server infers text if the place implies no type, as in SELECT $1, and integer for a number beside an integer,
// as in $1 + 1.
func isGuess(inferred, own uint32) bool {
	switch inferred {
	case pgtype.TextOID:
		return own != 0
	case pgtype.Int2OID, pgtype.Int4OID, pgtype.Int8OID:
		return own == pgtype.NumericOID
	}

	return false
}

// prepare parses a statement on the server and returns the types of its parameters. Where the server has guessed, a number or a
// boolean keeps its own type, if the statement is still valid then.
func (s *session) prepare(
	ctx context.Context, statement string, given parameters,
) (described *pgconn.StatementDescription, types []uint32, err error) {
	described, err = s.conn.Prepare(ctx, "", statement, nil)
	if err != nil {
		return nil, nil, err
	}

	types = make([]uint32, len(given.types))

	for i, own := range given.types {
		if !isGuess(described.ParamOIDs[i], own) {
			continue
		}

		if err := s.run(ctx, "SAVEPOINT jobwright_types"); err != nil {
			return nil, nil, err
		}

		types[i] = own

		typed, err := s.conn.Prepare(ctx, "", statement, types)
		if err == nil {
			described = typed
		} else {
			types[i] = 0
		}

		if _, isNative := errors.AsType[*pgconn.PgError](err); err != nil && !isNative {
			return nil, nil, err
		}

		// Also after a success: the savepoint has no other purpose.
		if err := s.run(ctx, "ROLLBACK TO jobwright_types; RELEASE jobwright_types"); err != nil {
			return nil, nil, err
		}
	}

	return described, types, nil
}
