// Command standalone runs the embedded Temporal in a process of its own, for tests: the race detector, which slows a program
// down several times, then examines the code of the tests and not Temporal's. The server ends with its standard input, so that
// it never outlives the process that has started it.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"go.temporal.io/sdk/client"

	"github.com/jobwright/jobwright/internal/temporalserver"
	"github.com/jobwright/jobwright/job"
)

// addresses are what the command prints when it has started, as JSON.
type addresses struct {
	Frontend string `json:"frontend"`
	UI       string `json:"ui"`
}

func main() {
	data := flag.String("data", "", "the folder of the data")
	address := flag.String("address", "127.0.0.1:0", "the address of the frontend; port 0 picks a free port")
	suggest := flag.Int("suggest", 0, "the number of events after which jobs continue as new; 0 for Temporal's default")

	flag.Parse()

	if err := run(*data, *address, *suggest); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(data, address string, suggest int) error {
	server, err := temporalserver.Start(temporalserver.Options{
		DataDir: data, Address: address, UIAddress: "127.0.0.1:0", Namespace: client.DefaultNamespace,
		Retention: time.Hour, SearchAttributes: job.SearchAttributes(), SuggestContinueAsNew: suggest,
	})
	if err != nil {
		return err
	}

	if err := json.NewEncoder(os.Stdout).Encode(addresses{Frontend: server.Address(), UI: server.UIAddress()}); err != nil {
		return err
	}

	if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
		return err
	}

	return server.Stop()
}
