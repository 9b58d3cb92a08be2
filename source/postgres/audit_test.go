package postgres_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/postgres"
)

// as opens the source as a role.
func as(t *testing.T, d *database, role string, options ...string) *postgres.Source {
	t.Helper()

	all := map[string]any{"connStr": d.url, "user": role}
	for _, option := range options {
		name, value, _ := strings.Cut(option, ": ")
		all[name] = value
	}

	opened, err := openWith(t, all)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, opened.Close()) })

	return opened.(*postgres.Source)
}

func audit(t *testing.T, of *postgres.Source) []source.Warning {
	t.Helper()

	warnings, err := of.Audit(t.Context())
	require.NoError(t, err)

	return warnings
}

func TestAuditWarnsOfPrivilegesThatNoJobNeeds(t *testing.T) {
	t.Parallel()

	d := newDatabase(t)
	d.run(t, "CREATE ROLE "+role(t)+" LOGIN; GRANT CREATE ON SCHEMA public TO "+role(t))
	require.Empty(t, audit(t, as(t, d, role(t))))

	d.run(t, "GRANT pg_read_server_files, pg_execute_server_program TO "+role(t))

	warnings := audit(t, as(t, d, role(t)))
	require.Len(t, warnings, 1)
	require.Equal(t, "the role "+role(t)+" is a member of pg_execute_server_program, pg_read_server_files: "+
		"a query can use programs or files of the server", warnings[0].Message)
	require.NotEmpty(t, warnings[0].Hint)

	d.run(t, "ALTER ROLE "+role(t)+" SUPERUSER")

	warnings = audit(t, as(t, d, role(t)))
	require.Len(t, warnings, 1)
	require.Contains(t, warnings[0].Message, "the role "+role(t)+" is a superuser")
}

// The remedy of each warning removes it.
func TestAuditWarnsOfMissingPrivilegesForTheLedger(t *testing.T) {
	t.Parallel()

	d := newDatabase(t)
	d.run(t, "REVOKE CREATE ON SCHEMA public FROM PUBLIC; CREATE ROLE "+role(t)+" LOGIN")

	stage := as(t, d, role(t))
	require.Empty(t, audit(t, as(t, d, role(t), "ledger: none")))

	warnings := audit(t, stage)
	require.Len(t, warnings, 1)
	require.Equal(t, "steps can't change this source, because they can't keep its ledger: permission denied for schema public",
		warnings[0].Message)

	grant, _, found := strings.Cut(warnings[0].Hint, ";")
	require.True(t, found)
	require.Equal(t, `GRANT USAGE, CREATE ON SCHEMA "public" TO `+role(t), grant)

	d.run(t, grant)
	require.Empty(t, audit(t, stage))
	require.Equal(t, "0", d.value(t, "SELECT count(*) FROM pg_class WHERE relname = 'jobwright_ledger'"), "it changes nothing")

	// Another user has created the ledger.
	_, err := d.WriteTable(t.Context(), source.Write{
		Table: table("t"), Mode: source.Replace, IdempotencyKey: idempotencyKey("a"),
	}, records(source.Schema{column("id", source.Integer)}))
	require.NoError(t, err)

	warnings = audit(t, stage)
	require.Len(t, warnings, 1)
	require.Contains(t, warnings[0].Message, "permission denied for table jobwright_ledger")

	grant, _, _ = strings.Cut(warnings[0].Hint, ";")
	require.Equal(t, `GRANT SELECT, INSERT, DELETE ON "jobwright_ledger" TO `+role(t), grant)

	d.run(t, grant)
	require.Empty(t, audit(t, stage))

	_, err = stage.WriteTable(t.Context(), source.Write{
		Table: table("u"), Mode: source.Replace, IdempotencyKey: idempotencyKey("b"),
	}, records(source.Schema{column("id", source.Integer)}))
	require.NoError(t, err)
}

// The role of the documentation has all privileges that steps need, and no others.
func TestAuditOfTheDocumentedRoleFindsNothing(t *testing.T) {
	t.Parallel()

	d := newDatabase(t)
	name := role(t)
	d.run(t, "CREATE SCHEMA shop; CREATE TABLE shop.orders (id int)")
	d.run(t, "CREATE ROLE "+name+" LOGIN PASSWORD 'secret'; CREATE SCHEMA loading AUTHORIZATION "+name+"; ALTER ROLE "+name+
		" SET search_path = loading; GRANT USAGE ON SCHEMA shop TO "+name+"; GRANT SELECT ON ALL TABLES IN SCHEMA shop TO "+name)

	stage := as(t, d, name)
	require.Empty(t, audit(t, stage))

	for _, mode := range []source.Mode{source.Replace, source.Append, source.Upsert, source.Update, source.Delete, source.Refill} {
		_, err := stage.WriteTable(t.Context(), source.Write{
			Table: table("t"), Mode: mode, Key: []string{"id"}, IdempotencyKey: idempotencyKey(string(mode)),
		}, records(source.Schema{column("id", source.Integer), column("n", source.Integer)}, source.Record{int64(1), int64(2)}))
		require.NoError(t, err, mode)
	}

	require.Empty(t, (&database{Source: stage}).read(t, "SELECT id FROM shop.orders"))
	require.NoError(t, stage.DropTable(t.Context(), table("t")))
}
