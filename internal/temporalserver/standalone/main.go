// Command standalone runs the embedded Temporal, or one on PostgreSQL, in a process of its own, for tests: the race detector,
// which slows a program down several times, then examines the code of the tests and not Temporal's. The server ends with its
// standard input, so that it never outlives the process that has started it.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"go.temporal.io/sdk/client"

	"github.com/jobwright/jobwright/internal/temporalserver"
	"github.com/jobwright/jobwright/internal/temporalserver/postgres"
	"github.com/jobwright/jobwright/job"
)

// addresses are what the command prints when it has started, as JSON.
type addresses struct {
	Frontend string `json:"frontend"`
	UI       string `json:"ui"` // Empty on PostgreSQL.
}

func main() {
	data := flag.String("data", "", "the folder of the data")
	address := flag.String("address", "127.0.0.1:0", "the address of the frontend; port 0 picks a free port")
	drain := flag.Duration("drain", 0, "how often to check whether a version of workers has drained; 0 for Temporal's default")
	suggest := flag.Int("suggest", 0, "the number of events after which jobs continue as new; 0 for Temporal's default")

	var database postgres.Options

	flag.StringVar(&database.PostgreSQL, "postgresql", "", "host:port of a PostgreSQL that stores everything")
	flag.StringVar(&database.User, "user", "", "a superuser of PostgreSQL")

	flag.Parse()

	var err error
	if database.LogDir = *data; database.PostgreSQL != "" {
		err = runOnPostgreSQL(database)
	} else {
		err = run(temporalserver.Options{
			DataDir: *data, Address: *address, SuggestContinueAsNew: *suggest, DrainInterval: *drain,
		})
	}

	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(options temporalserver.Options) error {
	options.UIAddress, options.Namespace = "127.0.0.1:0", client.DefaultNamespace
	options.Retention, options.SearchAttributes, options.Nexus = time.Hour, job.SearchAttributes(), true

	server, err := temporalserver.Start(options)
	if err != nil {
		return err
	}

	return errors.Join(serve(addresses{Frontend: server.Address(), UI: server.UIAddress()}), server.Stop())
}

// runOnPostgreSQL runs a server that has no namespace yet.
func runOnPostgreSQL(options postgres.Options) error {
	server, err := postgres.Start(context.Background(), options)
	if err != nil {
		return err
	}

	return errors.Join(serve(addresses{Frontend: server.Address()}), server.Stop())
}

// serve prints the addresses of a server, and waits until the server is no longer needed.
func serve(at addresses) error {
	if err := json.NewEncoder(os.Stdout).Encode(at); err != nil {
		return err
	}

	_, err := io.Copy(io.Discard, os.Stdin)

	return err
}
