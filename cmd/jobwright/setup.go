package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	enumspb "go.temporal.io/api/enums/v1"
	namespacepb "go.temporal.io/api/namespace/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/jobwright/jobwright/job"
)

const (
	// Temporal's services learn of a change of a namespace by refreshing a cache, every ten seconds or so.
	setupTimeout = time.Minute
	setupPause   = time.Second
)

func setupCommand() *cobra.Command {
	var retention time.Duration

	command := &cobra.Command{
		Use:   "setup",
		Short: "Prepare Temporal: the namespace and its search attributes.",
		Long: `Prepare Temporal for Jobwright: register the namespace, if there is none, and the search
attributes by which jobs are found in Temporal UI. What is there already stays, so that the command
may be repeated; a namespace that is there changes its retention when --retention is given.

The retention of the namespace is how long the status and the results of a job that ended can be asked
for, and how long its jobId stays taken.`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			return setup(command.Context(), retention, command.Flags().Changed("retention"), command.OutOrStdout())
		},
	}

	command.Flags().DurationVar(&retention, "retention", 7*24*time.Hour, "how long the namespace keeps jobs that ended")

	return command
}

func setup(ctx context.Context, retention time.Duration, explicit bool, out io.Writer) error {
	options, err := clientOptions(logger())
	if err != nil {
		return err
	}

	temporal, err := client.NewLazyClient(options)
	if err != nil {
		return err
	}
	defer temporal.Close()

	ctx, cancel := context.WithTimeout(ctx, setupTimeout)
	defer cancel()

	if err := prepareNamespace(ctx, temporal.WorkflowService(), options.Namespace, retention, explicit, out); err != nil {
		return err
	}

	if err := retry(ctx, func() error {
		return registerAttributes(ctx, temporal.OperatorService(), options.Namespace, out)
	}); err != nil {
		return fmt.Errorf("the search attributes can't be registered: %w", err)
	}

	// A job that is started before Temporal knows them would be refused.
	if err := retry(ctx, func() error {
		_, err := temporal.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{Query: usesAttributes()})

		return err
	}); err != nil {
		return fmt.Errorf("Temporal does not know the search attributes: %w", err)
	}

	fmt.Fprintln(out, "Temporal is ready for jobs.")

	return nil
}

// prepareNamespace registers the namespace. One that is there already gets the retention that was asked for, if any was.
func prepareNamespace(
	ctx context.Context, service workflowservice.WorkflowServiceClient, namespace string, retention time.Duration, explicit bool,
	out io.Writer,
) error {
	_, err := service.RegisterNamespace(ctx, &workflowservice.RegisterNamespaceRequest{
		Namespace:                        namespace,
		Description:                      "Jobs of Jobwright",
		WorkflowExecutionRetentionPeriod: durationpb.New(retention),
	})
	if err == nil {
		fmt.Fprintf(out, "Registered the namespace %s, which keeps jobs that ended for %s.\n", namespace, retention)

		return nil
	}

	if _, exists := errors.AsType[*serviceerror.NamespaceAlreadyExists](err); !exists {
		return fmt.Errorf("the namespace %s can't be registered: %w", namespace, err)
	}

	found, err := service.DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: namespace})
	if err != nil {
		return fmt.Errorf("the namespace %s can't be read: %w", namespace, err)
	}

	before := found.GetConfig().GetWorkflowExecutionRetentionTtl().AsDuration()
	if !explicit || before == retention {
		fmt.Fprintf(out, "The namespace %s is there already, and keeps jobs that ended for %s.\n", namespace, before)

		return nil
	}

	if _, err := service.UpdateNamespace(ctx, &workflowservice.UpdateNamespaceRequest{
		Namespace: namespace,
		Config:    &namespacepb.NamespaceConfig{WorkflowExecutionRetentionTtl: durationpb.New(retention)},
	}); err != nil {
		return fmt.Errorf("the retention of the namespace %s can't be changed: %w", namespace, err)
	}

	fmt.Fprintf(out, "The namespace %s keeps jobs that ended for %s now, and not for %s any more.\n",
		namespace, retention, before)

	return nil
}

// usesAttributes is a query that Temporal can answer once it knows the search attributes.
func usesAttributes() string {
	var terms []string
	for _, name := range slices.Sorted(maps.Keys(job.SearchAttributes())) {
		terms = append(terms, name+" IS NULL")
	}

	return strings.Join(terms, " AND ")
}

// retry does what is refused as long as Temporal does not know of a change, until ctx ends.
func retry(ctx context.Context, do func() error) error {
	for {
		err := do()

		var (
			namespace *serviceerror.NamespaceNotFound
			argument  *serviceerror.InvalidArgument
		)
		if !errors.As(err, &namespace) && !errors.As(err, &argument) {
			return err
		}

		select {
		case <-ctx.Done():
			return errors.Join(err, ctx.Err())
		case <-time.After(setupPause):
		}
	}
}

// registerAttributes registers those search attributes of jobs that the namespace does not have.
func registerAttributes(
	ctx context.Context, operator operatorservice.OperatorServiceClient, namespace string, out io.Writer,
) error {
	have, err := operator.ListSearchAttributes(ctx, &operatorservice.ListSearchAttributesRequest{Namespace: namespace})
	if err != nil {
		return err
	}

	missing := map[string]enumspb.IndexedValueType{}

	for name, want := range job.SearchAttributes() {
		switch found, ok := have.GetCustomAttributes()[name]; {
		case !ok:
			missing[name] = want
		case found != want:
			return fmt.Errorf("the search attribute %s is of type %s, but jobs need %s; remove it first", name, found, want)
		}
	}

	if len(missing) == 0 {
		fmt.Fprintln(out, "Its search attributes are there already.")

		return nil
	}

	if _, err := operator.AddSearchAttributes(ctx, &operatorservice.AddSearchAttributesRequest{
		Namespace: namespace, SearchAttributes: missing,
	}); err != nil {
		return err
	}

	fmt.Fprintf(out, "Registered %d search attributes.\n", len(missing))

	return nil
}
