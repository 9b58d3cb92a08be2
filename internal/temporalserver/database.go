package temporalserver

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/persistence/sql/sqlplugin/sqlite"
	"go.temporal.io/server/schema"
	sqliteschema "go.temporal.io/server/schema/sqlite"
	"google.golang.org/protobuf/types/known/durationpb"
	_ "modernc.org/sqlite" // The driver of the databases, which Temporal uses, too.
)

// databases are the configurations of the database files.
type databases struct {
	state *config.SQL

	// The visibility has the lists of workflows. Temporal opens one connection to each file, so writes to these lists do not
	// delay the workflows: on a quiet machine, 1.2 to 1.4 times as many small jobs per second as with one file.
	visibility *config.SQL
}

// driver is the name under which the package modernc.org/sqlite registers its driver.
const driver = "sqlite"

// openDatabases returns the configurations of the database files, and creates the files that are missing.
//
// The visibility is created first, so a process that dies between the two files leaves a folder without workflows. A folder that
// has workflows but no visibility gets an empty one: the workflows run, and appear in lists when they change.
func openDatabases(ctx context.Context, options Options) (databases, error) {
	files := databases{
		state:      settings(filepath.Join(options.DataDir, "temporal.db"), options.Durable),
		visibility: settings(filepath.Join(options.DataDir, "temporal-visibility.db"), options.Durable),
	}

	if err := create(ctx, files.visibility.DatabaseName, "visibility"); err != nil {
		return databases{}, err
	}

	if err := create(ctx, files.state.DatabaseName, "temporal"); err != nil {
		return databases{}, err
	}

	namespace, err := sqliteschema.NewNamespaceConfig(clusterName, options.Namespace, false, nil)
	if err != nil {
		return databases{}, err
	}

	namespace.Detail.Config.Retention = durationpb.New(options.Retention)
	namespace.Detail.Config.CustomSearchAttributeAliases = aliases(options.SearchAttributes)

	return files, sqliteschema.CreateNamespaces(files.state, namespace) // It changes no namespace that exists.
}

// settings returns the configuration of one database file.
//
// A commit survives the death of the process in any case, because the operating system has its bytes. With durable, it survives a
// power cut, too: the commit waits for the disk.
func settings(path string, durable bool) *config.SQL {
	synchronous := "normal"
	if durable {
		synchronous = "full"
	}

	return &config.SQL{
		PluginName:   sqlite.PluginName,
		DatabaseName: path,
		ConnectAttributes: map[string]string{
			"mode": "rwc", "journal_mode": "wal", "synchronous": synchronous, "busy_timeout": "10000",
			"wal_autocheckpoint": strconv.Itoa(autoCheckpointPages),
		},
	}
}

// create creates a database file with one of Temporal's schemas, if the file is missing. The file gets its final name after it
// is complete, so a process that dies before does not leave an incomplete database.
func create(ctx context.Context, path, schemaName string) error {
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}

	unfinished := path + ".new"

	// A process that died here may have left an incomplete file, and a journal that SQLite would apply to the new file.
	for _, suffix := range []string{"", "-journal", "-wal", "-shm"} {
		if err := os.Remove(unfinished + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}

	err := setUp(ctx, unfinished, schemaName)
	if err == nil {
		err = os.Rename(unfinished, path)
	}

	if err == nil {
		err = syncFolder(filepath.Dir(path))
	}

	if err != nil {
		return fmt.Errorf("the database %s of Temporal can't be created: %w", path, err)
	}

	return nil
}

// syncFolder makes the names of files survive a power cut.
func syncFolder(path string) error {
	folder, err := os.Open(path) //nolint:gosec // The options name the folder.
	if err != nil {
		return err
	}

	return errors.Join(folder.Sync(), folder.Close())
}

// setUp creates the tables of one of Temporal's schemas in a new file.
func setUp(ctx context.Context, path, schemaName string) (err error) {
	statements, err := fs.ReadFile(schema.Assets(), "sqlite/v3/"+schemaName+"/schema.sql")
	if err != nil {
		return err
	}

	database, err := sql.Open(driver, path)
	if err != nil {
		return err
	}

	defer func() { err = errors.Join(err, database.Close()) }()

	transaction, err := database.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer transaction.Rollback()

	if _, err := transaction.ExecContext(ctx, string(statements)); err != nil {
		return err
	}

	if err := dropIndexes(ctx, transaction); err != nil {
		return err
	}

	return transaction.Commit()
}

// usedIndexes are the indexes of the visibility by which Jobwright and Temporal UI list workflows: all, the newest first; by ID;
// by state; by schedule; by the search attributes of Jobwright, see aliases. Temporal's schema has 51 more, which each write
// changes. Without them, a small job costs 0.8 of the CPU time; lists by other attributes read all workflows.
var usedIndexes = []string{
	"default_idx", "by_workflow_id", "by_status", "by_temporal_scheduled_by_id",
	"by_keyword_01", "by_keyword_02", "by_keyword_03", "by_keyword_04",
}

// dropIndexes drops the other indexes of the visibility. Other schemas have none of this table.
func dropIndexes(ctx context.Context, transaction *sql.Tx) error {
	rows, err := transaction.QueryContext(ctx,
		"SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = 'executions_visibility' AND sql IS NOT NULL")
	if err != nil {
		return err
	}
	defer rows.Close()

	var names []string

	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return err
		}

		if !slices.Contains(usedIndexes, name) {
			names = append(names, name)
		}
	}

	if err := rows.Err(); err != nil {
		return err
	}

	for _, name := range names {
		if _, err := transaction.ExecContext(ctx, "DROP INDEX "+name); err != nil {
			return err
		}
	}

	return nil
}

// aliases assigns columns of the visibility to search attributes, by column: the first column of its type to the first name.
func aliases(attributes map[string]enumspb.IndexedValueType) map[string]string {
	names := map[string]string{}
	used := map[enumspb.IndexedValueType]int{}

	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		kind := attributes[name]
		used[kind]++
		names[fmt.Sprintf("%s%02d", kind, used[kind])] = name
	}

	return names
}
