package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"

	"github.com/jobwright/jobwright/internal/temporalserver/postgres"
)

// serveTemporal runs a Temporal that stores its state in PostgreSQL.
func serveTemporal(ctx context.Context, arguments []string, out io.Writer) (err error) {
	var options postgres.Options

	flags := flag.NewFlagSet(temporalProcess, flag.ContinueOnError)
	flags.StringVar(&options.PostgreSQL, "postgresql", "", "host:port of PostgreSQL")
	flags.StringVar(&options.User, "user", "", "user of PostgreSQL")
	flags.StringVar(&options.LogDir, "data", "", "folder for the log")

	if err := flags.Parse(arguments); err != nil {
		return err
	}

	server, err := postgres.Start(ctx, options)
	if err != nil {
		return err
	}

	defer func() { err = errors.Join(err, server.Stop()) }()

	if _, err := fmt.Fprintf(out, "temporal is up address=%s\n", server.Address()); err != nil {
		return err
	}

	<-ctx.Done()

	return nil
}
