package temporalserver

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"

	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/persistence/sql/sqlplugin/sqlite"
	schema "go.temporal.io/server/schema/sqlite"
	"google.golang.org/protobuf/types/known/durationpb"
)

// openDatabase returns the configuration of the server's database file. A new file gets its final name after its schema is
// complete, so a process that dies before does not leave an incomplete database.
func openDatabase(options Options) (*config.SQL, error) {
	path := filepath.Join(options.DataDir, "temporal.db")

	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		if err := createDatabase(path, options); err != nil {
			return nil, fmt.Errorf("the database %s of Temporal can't be created: %w", path, err)
		}
	} else if err != nil {
		return nil, err
	}

	return &config.SQL{
		PluginName:   sqlite.PluginName,
		DatabaseName: path,
		ConnectAttributes: map[string]string{
			"mode": "rwc", "journal_mode": "wal", "synchronous": "normal", "busy_timeout": "10000",
		},
	}, nil
}

func createDatabase(path string, options Options) error {
	unfinished := path + ".new"

	// A process that died here may have left an incomplete file, and a journal that SQLite would apply to the new file.
	for _, suffix := range []string{"", "-journal", "-wal", "-shm"} {
		if err := os.Remove(unfinished + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}

	database := &config.SQL{
		PluginName: sqlite.PluginName, DatabaseName: unfinished, ConnectAttributes: map[string]string{"mode": "rwc"},
	}
	if err := schema.SetupSchema(database); err != nil {
		return err
	}

	namespace, err := schema.NewNamespaceConfig(clusterName, options.Namespace, false, options.SearchAttributes)
	if err != nil {
		return err
	}

	namespace.Detail.Config.Retention = durationpb.New(options.Retention)

	if err := schema.CreateNamespaces(database, namespace); err != nil {
		return err
	}

	return os.Rename(unfinished, path)
}

func joinAddress(host string, port int) string { return net.JoinHostPort(host, strconv.Itoa(port)) }
