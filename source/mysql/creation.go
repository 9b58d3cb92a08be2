package mysql

import (
	"fmt"
	"slices"

	"github.com/jobwright/jobwright/source"
)

// creations are the native types in which columns of the standard types are created.
var creations = []source.Creation{
	{Standard: "text", Native: "LONGTEXT", Note: "VARCHAR with an exact collation for a key's column"},
	{Standard: "integer", Native: "BIGINT"},
	{Standard: "decimal(p,s)", Native: "DECIMAL(p,s)", Note: "up to 65 digits, up to 38 (MySQL: 30) of them after the point; " +
		"otherwise LONGTEXT, which is a conversion"},
	{Standard: "decimal", Native: "LONGTEXT", Note: "a conversion; DECIMAL(65,30) for a key's column"},
	{Standard: "float", Native: "DOUBLE", Note: "NaN and the infinities are errors; MariaDB stores -0 as 0"},
	{Standard: "boolean", Native: "TINYINT(1)"},
	{Standard: "date", Native: "DATE"},
	{Standard: "time", Native: "TIME(6)", Note: "digits finer than a microsecond are an error"},
	{Standard: "datetime", Native: "DATETIME(6)", Note: "digits finer than a microsecond are an error"},
	{Standard: "timestamp", Native: "DATETIME(6) COMMENT 'UTC'", Note: "TIMESTAMP ends in 2038; the offset is not stored; " +
		"digits finer than a microsecond are an error"},
	{Standard: "binary", Native: "LONGBLOB", Note: "VARBINARY for a key's column"},
	{Standard: "json", Native: "JSON", Note: "MariaDB stores the text, MySQL the parsed value: " +
		"in MySQL, a number that neither BIGINT nor DOUBLE represents exactly is an error"},
	{Standard: "uuid", Native: "UUID", Note: "in MariaDB 10.7 and later; otherwise CHAR(36), which is a conversion"},
	{Standard: "array", Native: "JSON", Note: "a conversion"},
}

// Creations returns the native type in which a column of each standard type is created.
func Creations() []source.Creation { return slices.Clone(creations) }

const (
	maxDigits   = 65
	maxKeyBytes = 3072 // The limit of all columns of an InnoDB index together.
	maxUTF8     = 4    // The maximum number of bytes of a character.
	maxLongText = 1<<32 - 1
)

// created is the type of a column to create.
type created struct {
	native

	attributes string // The attributes after the type, for example " CHARACTER SET utf8mb4".
	comment    string // The COMMENT clause at the end.
	converts   bool   // Whether the native type does not correspond to the standard type.
}

// create returns the type of a column to create. keys is the number of columns of the key if the column belongs to the key,
// and otherwise 0: the type of a key's column must fit in an index.
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

// createText returns the type of a text column.
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

// createDecimal returns the type of a decimal column. Only text stores any number of digits. A key's column is a DECIMAL
// nevertheless, because 1.0 and 1 must be equal.
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
