package mysql

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/jobwright/jobwright/source"
)

// Names of the temporary tables in which the records stand that are merged into a table. They are the connection's own.
const (
	writtenTable = "jobwright_written"
	latestTable  = "jobwright_latest" // The numbers of the records that are the last with their keys.
	numberColumn = "jobwright_number"
)

// merge is what an upsert, an update and a delete have in common: the records are loaded into a temporary table, and then
// one transaction changes the table by them.
type merge struct {
	*writer

	into, written, latest string // Quoted.
	key, others           []string
}

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

	distinct, err := m.prepare(ctx, isUnique && w.write.Mode == source.Upsert)
	if err != nil {
		return source.Written{}, err
	}

	written := source.Written{Rows: distinct}

	err = w.session.transaction(ctx, func() error {
		switch {
		case w.write.Mode == source.Delete:
			written.Rows, err = w.session.change(ctx,
				"DELETE t FROM "+m.into+" AS t JOIN "+m.written+" AS w ON "+m.same("t", "w"))
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

		return m.attempt.record(ctx, w.result(written))
	})
	if err != nil {
		return source.Written{}, err
	}

	return w.result(written), w.session.execute(ctx, "DROP TEMPORARY TABLE "+m.written+", "+m.latest)
}

// prepare loads the records, finds the last with each key, and returns how many these are. The tables have no part in the
// transaction: data definitions would commit it.
func (m *merge) prepare(ctx context.Context, isUnique bool) (int64, error) {
	definitions := []string{quote(numberColumn) + " BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY"}
	for _, column := range m.columns {
		definitions = append(definitions, column.definition())
	}

	if !isUnique { // The records of the table are looked up in this one, if not the other way round.
		definitions = append(definitions, "INDEX ("+joined(m.key, ", ", m.keyPart)+")")
	}

	if err := m.session.execute(ctx,
		"CREATE TEMPORARY TABLE "+m.written+" ("+strings.Join(definitions, ", ")+") ENGINE=InnoDB"); err != nil {
		return 0, err
	}

	into := source.Table{Space: m.table.Space, Name: writtenTable}
	if err := m.session.transaction(ctx, func() error { return m.load(ctx, into, false) }); err != nil {
		return 0, err
	}

	// A big result would be sorted to be grouped, and to sort texts, their first 1024 bytes are enough for the server.
	return m.session.change(ctx, "CREATE TEMPORARY TABLE "+m.latest+" (n BIGINT UNSIGNED NOT NULL PRIMARY KEY) "+
		"ENGINE=InnoDB SELECT SQL_SMALL_RESULT MAX("+quote(numberColumn)+") AS n FROM "+m.written+
		" GROUP BY "+joined(m.key, ", ", quote))
}

// keyPart writes a column of the index: as much of a text or of bytes as an index takes.
func (m *merge) keyPart(name string) string {
	const most = 100

	for _, column := range m.columns {
		if !strings.EqualFold(column.column, name) {
			continue
		}

		limit := min(most, maxKeyBytes/maxUTF8/len(m.key))
		isLong := column.length > int64(limit) || column.name == "JSON"

		if isLong && column.name != "ENUM" && column.name != "SET" && column.name != "BIT" {
			return quote(name) + "(" + strconv.Itoa(limit) + ")"
		}
	}

	return quote(name)
}

// same writes the condition under which two records have the same key.
func (m *merge) same(one, other string) string {
	return joined(m.key, " AND ", func(name string) string { return one + "." + quote(name) + " = " + other + "." + quote(name) })
}

// last writes the join of the records that are the last with their keys.
func (m *merge) last() string {
	return m.written + " AS w JOIN " + m.latest + " AS l ON l.n = w." + quote(numberColumn)
}

func (m *merge) update(ctx context.Context) (int64, error) {
	return m.session.change(ctx, "UPDATE "+m.into+" AS t JOIN ("+m.last()+") ON "+m.same("t", "w")+" SET "+
		joined(m.others, ", ", func(name string) string { return "t." + quote(name) + " = w." + quote(name) }))
}

// upsert lets the unique key find the records that are there.
func (m *merge) upsert(ctx context.Context) error {
	changed := m.others
	if len(changed) == 0 {
		changed = m.key[:1] // To itself: there is nothing to change.
	}

	return m.session.execute(ctx, m.insertion()+" WHERE TRUE ON DUPLICATE KEY UPDATE "+
		joined(changed, ", ", func(name string) string { return quote(name) + " = VALUES(" + quote(name) + ")" }))
}

// updateAndInsert is for a table with no unique key on the key's columns, or with further ones, whose records ON DUPLICATE
// KEY would change too.
func (m *merge) updateAndInsert(ctx context.Context) error {
	if len(m.others) > 0 {
		if _, err := m.update(ctx); err != nil {
			return err
		}
	}

	return m.session.execute(ctx, m.insertion()+" WHERE NOT EXISTS (SELECT 1 FROM "+m.into+" AS t WHERE "+m.same("t", "w")+")")
}

func (m *merge) insertion() string {
	names := slices.Concat(m.key, m.others)

	return "INSERT INTO " + m.into + " (" + joined(names, ", ", quote) + ") SELECT " +
		joined(names, ", ", func(name string) string { return "w." + quote(name) }) + " FROM " + m.last()
}

// isUnique reports whether the key's columns have a unique key, which is the table's only one.
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
