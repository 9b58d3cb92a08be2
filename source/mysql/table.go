package mysql

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/jobwright/jobwright/source"
)

// field is a column of an existing table.
type field struct {
	native

	column    string
	charset   string
	collation string
	nullable  bool
	automatic bool // Whether it is AUTO_INCREMENT: NULL and the default are the next number.
	generated bool // Whether the server computes its values.
}

// definition returns the definition of a nullable column with the same type, for a temporary table.
func (f field) definition() string {
	text := quote(f.column) + " " + f.text
	if f.name == "JSON" {
		text = quote(f.column) + " JSON"
	}

	if f.charset != "" && f.name != "JSON" {
		text += " CHARACTER SET " + f.charset + " COLLATE " + f.collation
	}

	return text + " NULL"
}

// table describes an existing table or view.
type table struct {
	source.Table

	kind          string // The server's type of the table, for example "BASE TABLE" or "VIEW".
	transactional bool   // Whether the table's engine has transactions.
	comment       string
	fields        []field
}

// isBase reports whether it is a table, not a view.
func (t *table) isBase() bool { return t.kind == "BASE TABLE" || t.kind == "SYSTEM VERSIONED" }

// field returns the column with that name, or nil. The case of a column's name is not significant in MySQL.
func (t *table) field(name string) *field {
	at := slices.IndexFunc(t.fields, func(f field) bool { return strings.EqualFold(f.column, name) })
	if at < 0 {
		return nil
	}

	return &t.fields[at]
}

// schema returns the schema of the table's rows.
func (t *table) schema() source.Schema {
	schema := make(source.Schema, len(t.fields))

	for i, field := range t.fields {
		standard, native := field.read()
		schema[i] = source.Column{
			Name: field.column, Updateable: t.isBase() && !field.generated, Native: native, Standard: standard,
		}
	}

	return schema
}

// asTarget describes the table for the validation of a write.
func (t *table) asTarget() *source.Target {
	if t == nil {
		return nil
	}

	target := new(source.Target)
	if !t.isBase() {
		target.Kind = strings.ToLower(t.kind)
	}

	for _, field := range t.fields {
		target.Add(field.column, field.generated)
	}

	return target
}

// describe returns the description of a table or view, or nil if it does not exist.
func (s *session) describe(ctx context.Context, name source.Table) (*table, error) {
	found := &table{Table: name}

	err := s.conn.QueryRowContext(ctx, "SELECT t.table_type, COALESCE(e.transactions, '') = 'YES', t.table_comment "+
		"FROM information_schema.tables AS t LEFT JOIN information_schema.engines AS e ON e.engine = t.engine "+
		"WHERE t.table_schema = ? AND t.table_name = ?", name.Space, name.Name).
		Scan(&found.kind, &found.transactional, &found.comment)
	if err == sql.ErrNoRows { //nolint:errorlint // Scan returns it unwrapped.
		return nil, nil //nolint:nilnil // nil is a table that does not exist.
	}

	if err != nil {
		return nil, err
	}

	isJSON, err := s.jsonColumns(ctx, name)
	if err != nil {
		return nil, err
	}

	err = s.each(ctx, "SELECT column_name, UPPER(data_type), column_type, "+
		"COALESCE(character_maximum_length, IF(data_type = 'bit', numeric_precision, 0)), COALESCE(numeric_precision, 0), "+
		"COALESCE(numeric_scale, -1), COALESCE(datetime_precision, 0), COALESCE(character_set_name, ''), "+
		"COALESCE(collation_name, ''), is_nullable = 'YES', extra LIKE '%auto_increment%', "+
		"COALESCE(generation_expression, '') <> '', data_type = 'datetime' AND column_comment = '"+momentComment+"' "+
		"FROM information_schema.columns WHERE table_schema = ? AND table_name = ? ORDER BY ordinal_position",
		[]any{name.Space, name.Name}, func(rows *sql.Rows) error {
			var f field

			err := rows.Scan(&f.column, &f.name, &f.text, &f.length, &f.precision, &f.scale, &f.fraction, &f.charset,
				&f.collation, &f.nullable, &f.automatic, &f.generated, &f.isMoment)

			if isJSON[f.column] {
				f.name, f.text, f.length = "JSON", "json", 0
			}

			f.isParsed = f.name == "JSON" && !s.server.mariaDB

			if f.name == "FLOAT" || f.name == "DOUBLE" {
				f.precision = 0
			}

			found.fields = append(found.fields, f)

			return err
		})

	return found, err
}

// jsonColumns returns the names of a table's columns that were declared as JSON in MariaDB, which stores them as LONGTEXT with
// a check constraint.
func (s *session) jsonColumns(ctx context.Context, name source.Table) (map[string]bool, error) {
	if !s.server.mariaDB {
		return nil, nil //nolint:nilnil // MySQL's JSON is a type.
	}

	found := map[string]bool{}

	err := s.each(ctx, "SELECT constraint_name, check_clause FROM information_schema.check_constraints "+
		"WHERE constraint_schema = ? AND table_name = ? AND check_clause LIKE 'json_valid(%'",
		[]any{name.Space, name.Name}, func(rows *sql.Rows) error {
			var column, clause string

			err := rows.Scan(&column, &clause)
			found[column] = clause == fmt.Sprintf("json_valid(%s)", quote(column))

			return err
		})

	return found, err
}
