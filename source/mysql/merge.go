package mysql

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/database"
)

// The names of the temporary tables of a merge. Only its connection sees them.
const (
	writtenTable = "jobwright_written" // The written records, numbered.
	latestTable  = "jobwright_latest"  // The number of the last written record with each key.
	numberColumn = "jobwright_number"
)

// merge is an upsert, an update or a delete. It loads the records into a temporary table, and then changes the target in one
// transaction.
type merge struct {
	*writer

	into, written, latest string // The quoted names of the target and of the temporary tables.
	key, others           []string
}

// merge writes the rows in a [source.Mode.Keyed] mode.
func (w *writer) merge(ctx context.Context, found *table) (source.Written, error) {
	m := &merge{
		writer: w, into: quoteTable(w.table),
		written: quoteTable(source.Table{Space: w.table.Space, Name: writtenTable}),
		latest:  quoteTable(source.Table{Space: w.table.Space, Name: latestTable}),
		key:     w.write.Key,
	}

	for _, name := range w.rows.Schema().Names() {
		if !w.isKey(name) {
			m.others = append(m.others, name)
		}
	}

	isUnique, err := w.session.isUnique(ctx, found, m.key)
	if err != nil {
		return source.Written{}, err
	}

	distinct, err := m.loadWritten(ctx, isUnique && w.write.Mode == source.Upsert)
	if err != nil {
		return source.Written{}, err
	}

	written := source.Written{Rows: distinct}

	err = w.session.transaction(ctx, func() error {
		switch {
		case w.write.Mode == source.Delete:
			written.Rows, err = w.session.change(ctx,
				"DELETE t FROM "+m.into+" AS t JOIN "+m.written+" AS w ON "+m.equalKeys("t", "w"))
		case w.write.Mode == source.Update:
			written.Rows, err = m.update(ctx)
		case isUnique:
			err = m.upsert(ctx)
		default:
			err = m.updateAndInsert(ctx)
		}

		if err != nil {
			return err
		}

		return m.attempt.record(ctx, w.write.Recorded(written))
	})
	if err != nil {
		return source.Written{}, err
	}

	return w.write.Recorded(written), w.session.execute(ctx, "DROP TEMPORARY TABLE "+m.written+", "+m.latest)
}

// loadWritten creates and fills the temporary tables, and returns the number of distinct keys. It is not part of the
// transaction, because data definitions would commit it. isUnique omits the index on the key.
func (m *merge) loadWritten(ctx context.Context, isUnique bool) (int64, error) {
	definitions := []string{quote(numberColumn) + " BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY"}
	for _, column := range m.columns {
		definitions = append(definitions, column.definition())
	}

	if !isUnique { // The server may look up the target's records in this table.
		definitions = append(definitions, "INDEX ("+database.Join(m.key, ", ", m.keyPart)+")")
	}

	if err := m.session.execute(ctx,
		"CREATE TEMPORARY TABLE "+m.written+" ("+strings.Join(definitions, ", ")+") ENGINE=InnoDB"); err != nil {
		return 0, err
	}

	into := source.Table{Space: m.table.Space, Name: writtenTable}
	if err := m.session.transaction(ctx, func() error { return m.load(ctx, into, false) }); err != nil {
		return 0, err
	}

	// The server would sort a big result to group it, and it sorts texts by their first 1024 bytes only.
	return m.session.change(ctx, "CREATE TEMPORARY TABLE "+m.latest+" (n BIGINT UNSIGNED NOT NULL PRIMARY KEY) "+
		"ENGINE=InnoDB SELECT SQL_SMALL_RESULT MAX("+quote(numberColumn)+") AS n FROM "+m.written+
		" GROUP BY "+database.Join(m.key, ", ", quote))
}

// keyPart returns a column of the index, limited to a prefix if the column is too long for an index.
func (m *merge) keyPart(name string) string {
	const maxPrefix = 100

	for _, column := range m.columns {
		if !strings.EqualFold(column.column, name) {
			continue
		}

		limit := min(maxPrefix, maxKeyBytes/maxUTF8/len(m.key))
		isLong := column.length > int64(limit) || column.name == "JSON"

		if isLong && column.name != "ENUM" && column.name != "SET" && column.name != "BIT" {
			return quote(name) + "(" + strconv.Itoa(limit) + ")"
		}
	}

	return quote(name)
}

// equalKeys returns the condition for equal keys of the tables with the aliases a and b.
func (m *merge) equalKeys(a, b string) string {
	return database.Join(m.key, " AND ", func(name string) string {
		return a + "." + quote(name) + " = " + b + "." + quote(name)
	})
}

// latestRecords returns the join that selects the last written record with each key, as w.
func (m *merge) latestRecords() string {
	return m.written + " AS w JOIN " + m.latest + " AS l ON l.n = w." + quote(numberColumn)
}

// update updates the records with written keys, and returns their number.
func (m *merge) update(ctx context.Context) (int64, error) {
	return m.session.change(ctx, "UPDATE "+m.into+" AS t JOIN ("+m.latestRecords()+") ON "+m.equalKeys("t", "w")+" SET "+
		database.Join(m.others, ", ", func(name string) string { return "t." + quote(name) + " = w." + quote(name) }))
}

// upsert inserts or updates records by the unique key.
func (m *merge) upsert(ctx context.Context) error {
	changed := m.others
	if len(changed) == 0 {
		changed = m.key[:1] // The clause requires an assignment: the key's column keeps its value.
	}

	return m.session.execute(ctx, m.insertion()+" WHERE TRUE ON DUPLICATE KEY UPDATE "+
		database.Join(changed, ", ", func(name string) string { return quote(name) + " = VALUES(" + quote(name) + ")" }))
}

// updateAndInsert upserts into a table without a unique key on the key's columns, or with other unique keys: ON DUPLICATE KEY
// would also update the records that conflict with these.
func (m *merge) updateAndInsert(ctx context.Context) error {
	if len(m.others) > 0 {
		if _, err := m.update(ctx); err != nil {
			return err
		}
	}

	return m.session.execute(ctx,
		m.insertion()+" WHERE NOT EXISTS (SELECT 1 FROM "+m.into+" AS t WHERE "+m.equalKeys("t", "w")+")")
}

// insertion returns the INSERT … SELECT of the last written record with each key.
func (m *merge) insertion() string {
	names := slices.Concat(m.key, m.others)

	return "INSERT INTO " + m.into + " (" + database.Join(names, ", ", quote) + ") SELECT " +
		database.Join(names, ", ", func(name string) string { return "w." + quote(name) }) + " FROM " + m.latestRecords()
}

// isUnique reports whether the table has a unique key on exactly the key's columns, and no other unique key.
func (s *session) isUnique(ctx context.Context, of *table, key []string) (bool, error) {
	names, err := s.names(ctx, "SELECT CONCAT(index_name, IF(sub_part IS NULL, '', '(part)'), ' ', COALESCE(column_name, '')) "+
		"FROM information_schema.statistics WHERE table_schema = ? AND table_name = ? AND non_unique = 0",
		of.Space, of.Name)
	if err != nil || len(names) != len(key) {
		return false, err
	}

	index, _, _ := strings.Cut(names[0], " ")

	for _, name := range key {
		if !slices.ContainsFunc(names, func(found string) bool { return strings.EqualFold(found, index+" "+name) }) {
			return false, nil
		}
	}

	return true, nil
}
