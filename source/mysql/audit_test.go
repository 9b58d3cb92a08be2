package mysql_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/mysql"
)

func audit(t *testing.T, of *mysql.Source) []source.Warning {
	t.Helper()

	warnings, err := of.Audit(t.Context())
	require.NoError(t, err)

	return warnings
}

func TestAuditWarnsOfAdministrativePrivileges(t *testing.T) {
	t.Parallel()

	stage := open(t)
	name := stage.ask(t, "SELECT DATABASE()")

	for rights, message := range map[string]string{
		"SELECT, INSERT, DELETE, CREATE ON " + name + ".*": "",
		"SELECT, INSERT, CREATE, DELETE, FILE ON *.*":      "has the administrative privileges FILE: a query can read files of the server",
		"SELECT, INSERT, CREATE, DELETE, SUPER ON *.*":     "has the administrative privileges SUPER: a script can use them",
		"ALL PRIVILEGES ON *.*":                            "has the administrative privileges CREATE USER, FILE, SHUTDOWN, SUPER: ",
	} {
		warnings := audit(t, limited(t, stage, nil, rights))
		if message == "" {
			require.Empty(t, warnings)

			continue
		}

		require.Len(t, warnings, 1, rights)
		require.Contains(t, warnings[0].Message, "the user '"+name+"'@'127.0.0.1' "+message)
		require.NotEmpty(t, warnings[0].Hint)
	}
}

// The remedy of each warning removes it.
func TestAuditWarnsOfMissingPrivilegesForTheLedger(t *testing.T) {
	t.Parallel()

	stage := open(t)
	stage.prepare(t, "CREATE TABLE t (id BIGINT)")

	require.Empty(t, audit(t, limited(t, stage, map[string]any{"ledger": "none"}, "SELECT ON t")))

	for _, rights := range [][]string{{"SELECT ON t"}, {"SELECT ON *.*"}} {
		warnings := audit(t, limited(t, stage, nil, rights...))
		require.Len(t, warnings, 1)
		require.Contains(t, warnings[0].Message, "steps can't change this source, because they can't keep its ledger: ")
		require.Contains(t, warnings[0].Message, "command denied")

		grant, _, found := strings.Cut(warnings[0].Hint, ";")
		require.True(t, found)

		right, _, _ := strings.Cut(strings.TrimPrefix(grant, "GRANT "), " TO ")
		require.Empty(t, audit(t, limited(t, stage, nil, append(rights, right)...)))
		require.Equal(t, "0", stage.ask(t, "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name LIKE '%ledger%'"))
	}

	// Another user has created the ledger.
	stage.write(t, as("a", to("t", source.Append)), numbers(1))

	warnings := audit(t, limited(t, stage, nil, "SELECT ON *.*"))
	require.Len(t, warnings, 1)
	require.Contains(t, warnings[0].Hint, "GRANT SELECT, INSERT, DELETE ON ")
}

// The user of the documentation has all privileges that steps need, and no others.
func TestAuditOfTheDocumentedUserFindsNothing(t *testing.T) {
	t.Parallel()

	stage := open(t)
	name := stage.ask(t, "SELECT DATABASE()")
	opened := limited(t, stage, nil,
		"SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, ALTER, INDEX, CREATE TEMPORARY TABLES ON "+name+".*")
	require.Empty(t, audit(t, opened))

	for _, mode := range []source.Mode{source.Replace, source.Append, source.Upsert, source.Delete, source.Refill} {
		write := as(string(mode), to("t", mode))
		if mode.Keyed() {
			write.Key = []string{"id"}
		}

		_, err := opened.WriteTable(t.Context(), write, numbers(1))
		require.NoError(t, err, mode)
	}

	require.NoError(t, opened.DropTable(t.Context(), source.Table{Name: "t"}))
}
