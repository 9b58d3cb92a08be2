package postgres

import (
	"context"
	"fmt"

	"github.com/jobwright/jobwright/source"
)

// replace fills a new table, drops the old one and renames the new one. All of this is one transaction: no crash leaves the
// new table behind, and the old table is locked only from its removal to the commit.
func (w *writing) replace(ctx context.Context) error {
	if w.target != nil && w.target.secured {
		return &source.Error{
			Code:    source.CodeOperationUnsupported,
			Message: "the table has row-level security, which a replaced table would lose",
			Hint:    "refill the table instead",
		}
	}

	space, err := w.space(ctx)
	if err != nil {
		return err
	}

	temporary := source.Table{Space: space, Name: randomName()}
	if err := w.session.create(ctx, space, temporary.Name, w.schema); err != nil {
		return err
	}

	created, err := w.session.describe(ctx, temporary)
	if err != nil {
		return err
	}

	// FREEZE makes the records visible to every transaction. A transaction with an older snapshot that opens the table after
	// the commit would otherwise find it empty.
	w.written.Rows, err = w.load(ctx, created, created.quoted(), w.indexesIn(created, w.schema.Names()), "", ", FREEZE")
	if err != nil {
		return err
	}

	if w.target != nil {
		if err := w.copyPermissions(ctx, created); err != nil {
			return err
		}
	}

	return w.swap(ctx, created)
}

// copyPermissions gives the new table the owner of the old one and grants the permissions of other roles.
func (w *writing) copyPermissions(ctx context.Context, created *table) error {
	if w.target.owner != "" {
		statement := fmt.Sprintf("ALTER TABLE %s OWNER TO %s", created.quoted(), quote(w.target.owner))
		if err := w.session.run(ctx, statement); err != nil {
			return err
		}
	}

	grants, err := w.session.query(ctx, `
		SELECT format('GRANT %s ON TABLE %s TO %s', g.privilege_type, $2::text,
				CASE WHEN g.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_catalog.pg_get_userbyid(g.grantee)) END)
			|| CASE WHEN g.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END
		FROM pg_catalog.pg_class c, pg_catalog.aclexplode(c.relacl) g
		WHERE c.oid = $1::oid AND g.grantee <> c.relowner`, w.target.oid, created.quoted())
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

// swap drops the old table, which a concurrent write may have created meanwhile, and renames the new one.
func (w *writing) swap(ctx context.Context, created *table) error {
	named := source.Table{Space: created.space, Name: w.write.Table.Name}
	if err := w.session.lockName(ctx, named); err != nil {
		return err
	}

	return w.session.run(ctx, fmt.Sprintf("DROP TABLE IF EXISTS %s; ALTER TABLE %s RENAME TO %s",
		qualified(named), created.quoted(), quote(named.Name)))
}
