package mysql

import (
	"fmt"
	"slices"

	"github.com/jobwright/jobwright/source"
)

// creations say in which native type a column of a standard type is made.
var creations = []source.Creation{
	{Standard: "text", Native: "LONGTEXT", Note: "VARCHAR for a key's column, in which only the same text is equal"},
	{Standard: "integer", Native: "BIGINT"},
	{Standard: "decimal(p,s)", Native: "DECIMAL(p,s)", Note: "up to 65 digits, up to 38 (MySQL: 30) of them behind the point; " +
		"LONGTEXT beyond, which is a conversion"},
	{Standard: "decimal", Native: "LONGTEXT", Note: "a conversion; DECIMAL(65,30) for a key's column"},
	{Standard: "float", Native: "DOUBLE", Note: "NaN and the infinities are errors; MariaDB makes 0 of -0"},
	{Standard: "boolean", Native: "TINYINT(1)"},
	{Standard: "date", Native: "DATE"},
	{Standard: "time", Native: "TIME(6)", Note: "digits finer than a microsecond are an error"},
	{Standard: "datetime", Native: "DATETIME(6)", Note: "digits finer than a microsecond are an error"},
	{Standard: "timestamp", Native: "DATETIME(6) COMMENT 'UTC'", Note: "TIMESTAMP ends in 2038; the offset is not kept; " +
		"digits finer than a microsecond are an error"},
	{Standard: "binary", Native: "LONGBLOB", Note: "VARBINARY for a key's column"},
	{Standard: "json", Native: "JSON", Note: "MariaDB keeps the text, MySQL its meaning; " +
		"what is no BIGINT or DOUBLE in it is an error then"},
	{Standard: "uuid", Native: "UUID", Note: "of MariaDB 10.7 and later; CHAR(36) elsewhere, which is a conversion"},
	{Standard: "array", Native: "JSON", Note: "a conversion"},
}

// Creations returns in which native type a column of each standard type is made.
func Creations() []source.Creation { return slices.Clone(creations) }

const (
	maxDigits   = 65
	maxKeyBytes = 3072 // That an index of InnoDB holds of all columns together.
	maxUTF8     = 4    // Bytes of a character.
	maxLongText = 1<<32 - 1
)

// created is a column that is to be made.
type created struct {
	native

	attributes string // What follows the type, "CHARACTER SET utf8mb4" for example.
	comment    string // What follows all else.
	converts   bool   // Whether the type is none like the standard one.
}

// create returns in which type a column of a standard type is made. Where it is one of keys columns of a key, its type is
// one that an index can hold.
func (s *server) create(of source.Standard, keys int) created {
	switch of.Type {
	case source.Integer:
		return created{native: native{name: "BIGINT", text: "bigint"}}
	case source.Decimal:
		return s.createDecimal(of, keys)
	case source.Float:
		return created{native: native{name: "DOUBLE", text: "double", scale: -1}}
	case source.Boolean:
		return created{native: native{name: "TINYINT", text: "tinyint(1)"}}
	case source.Date:
		return created{native: native{name: "DATE", text: "date"}}
	case source.Time:
		return created{native: native{name: "TIME", text: "time(6)", fraction: 6}}
	case source.Datetime:
		return created{native: native{name: "DATETIME", text: "datetime(6)", fraction: 6}}
	case source.Timestamp:
		return created{
			native:  native{name: "DATETIME", text: "datetime(6)", fraction: 6, isMoment: true},
			comment: " COMMENT '" + momentComment + "'",
		}
	case source.Binary:
		if keys > 0 {
			length := maxKeyBytes / keys

			return created{native: native{name: "VARBINARY", text: fmt.Sprintf("varbinary(%d)", length), length: int64(length)}}
		}

		return created{native: native{name: "LONGBLOB", text: "longblob", length: maxLongText}}
	case source.UUID:
		if s.hasUUID() {
			return created{native: native{name: "UUID", text: "uuid"}}
		}

		return created{
			native: native{name: "CHAR", text: "char(36)", length: 36}, attributes: " CHARACTER SET ascii", converts: true,
		}
	case source.JSON, source.Array:
		if keys == 0 {
			return created{
				native: native{name: "JSON", text: "json", isParsed: !s.mariaDB}, converts: of.Type == source.Array,
			}
		}

		text := s.createText(keys)
		text.converts = true

		return text
	case source.Text:
	}

	return s.createText(keys)
}

func (s *server) createText(keys int) created {
	if keys == 0 {
		return created{
			native: native{name: "LONGTEXT", text: "longtext", length: maxLongText}, attributes: " CHARACTER SET utf8mb4",
		}
	}

	length := maxKeyBytes / maxUTF8 / keys

	return created{
		native:     native{name: "VARCHAR", text: fmt.Sprintf("varchar(%d)", length), length: int64(length)},
		attributes: " CHARACTER SET utf8mb4 COLLATE " + s.exactCollation(),
	}
}

// createDecimal: a number without a bound has as many digits as it takes, which only text holds. As a key, 1.0 and 1 have
// to be the same.
func (s *server) createDecimal(of source.Standard, keys int) created {
	precision, scale := of.Precision, of.Scale
	fits := precision > 0 && precision <= maxDigits && scale <= s.maxScale()

	switch {
	case !fits && keys == 0:
		text := s.createText(0)
		text.converts = true

		return text
	case !fits:
		precision, scale = maxDigits, 30
	}

	return created{
		native: native{
			name: "DECIMAL", text: fmt.Sprintf("decimal(%d,%d)", precision, scale), precision: precision, scale: scale,
		},
		converts: !fits,
	}
}
