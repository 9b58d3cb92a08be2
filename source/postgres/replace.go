package postgres

import (
	"context"
	"fmt"

	"github.com/jobwright/jobwright/source"
)

// replace fills a new table beside the one that is there and gives it that one's name. All of it is one transaction: no
// crash leaves the new table behind, and the old one is locked only from its removal to the commit.
func (w *writing) replace(ctx context.Context) error {
	if w.target != nil && w.target.secured {
		return &source.Error{
			Code:    source.CodeOperationUnsupported,
			Message: "policies tell who sees which of the table's records, and a table in its place would have none",
			Hint:    "refill it instead",
		}
	}

	space, err := w.space(ctx)
	if err != nil {
		return err
	}

	beside := source.Table{Space: space, Name: temporary()}
	if err := w.session.create(ctx, space, beside.Name, w.schema); err != nil {
		return err
	}

	made, err := w.session.find(ctx, beside)
	if err != nil {
		return err
	}

	// A transaction that began earlier and reads the table later finds the new one. With frozen records it also sees what
	// is in it; otherwise it would find it empty.
	if w.written.Rows, err = w.load(ctx, made, made.quoted(), w.places(made, w.schema.Names()), "", ", FREEZE"); err != nil {
		return err
	}

	if w.target != nil {
		if err := w.handOver(ctx, made); err != nil {
			return err
		}
	}

	return w.swap(ctx, made)
}

// handOver gives the new table the owner of the old one, and others the same rights to it.
func (w *writing) handOver(ctx context.Context, made *table) error {
	if w.target.owner != "" {
		statement := fmt.Sprintf("ALTER TABLE %s OWNER TO %s", made.quoted(), quote(w.target.owner))
		if err := w.session.run(ctx, statement); err != nil {
			return err
		}
	}

	grants, err := w.session.query(ctx, `
		SELECT format('GRANT %s ON TABLE %s TO %s', g.privilege_type, $2::text,
				CASE WHEN g.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_catalog.pg_get_userbyid(g.grantee)) END)
			|| CASE WHEN g.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END
		FROM pg_catalog.pg_class c, pg_catalog.aclexplode(c.relacl) g
		WHERE c.oid = $1::oid AND g.grantee <> c.relowner`, w.target.oid, made.quoted())
	if err != nil {
		return err
	}

	for _, grant := range grants {
		if err := w.session.run(ctx, grant[0]); err != nil {
			return err
		}
	}

	return nil
}

// swap removes the old table, where there is one by now, and renames the new one.
func (w *writing) swap(ctx context.Context, made *table) error {
	named := source.Table{Space: made.space, Name: w.write.Table.Name}
	if err := w.session.reserve(ctx, named); err != nil {
		return err
	}

	return w.session.run(ctx, fmt.Sprintf("DROP TABLE IF EXISTS %s; ALTER TABLE %s RENAME TO %s",
		qualified(named), made.quoted(), quote(named.Name)))
}
