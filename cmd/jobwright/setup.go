package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
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

	"github.com/jobwright/jobwright/internal/clock"
	"github.com/jobwright/jobwright/job"
)

const (
	// Temporal's services cache namespaces for about ten seconds.
	setupTimeout = time.Minute
	setupPause   = time.Second
)

func setupCommand() *cobra.Command {
	var (
		retention time.Duration
		asJSON    bool
		endpoint  string
	)

	command := &cobra.Command{
		Use:   "setup",
		Short: "Create Temporal's namespace and its search attributes",
		Long: `Prepare Temporal for Jobwright: register the namespace and the search attributes by which Temporal UI
finds jobs. Run it once before the first start, and after an upgrade that adds search attributes.

The command can be repeated: it keeps existing namespaces and search attributes. It changes the retention
of an existing namespace only if --retention is given.

With --nexus-endpoint, it also creates a Nexus endpoint, by which workflows in other namespaces run the
scenarios of apps that permit it.

The retention is the time for which the status and the results of an ended job are available, and for
which its jobId can't be used for another job. Temporal requires at least 24h.

With --json, the command prints an object: the namespace, whether it is new, its retention in seconds, the
search attributes that the command has registered and, with --nexus-endpoint, its name (nexusEndpoint):

  {"namespace": "default", "registered": false, "retentionSeconds": 604800, "attributes": []}` + environment(""),
		Example: `  # Prepare the namespace "default" of a Temporal on this machine
  jobwright setup

  # Prepare another namespace that retains ended jobs for 30 days
  TEMPORAL_ADDRESS=temporal.example.com:7233 TEMPORAL_NAMESPACE=jobs jobwright setup --retention 720h

  # Print the search attributes that were missing
  jobwright setup --json | jq -r '.attributes[]'

  # Let workflows of other namespaces run scenarios
  jobwright setup --nexus-endpoint jobwright`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			messages := command.OutOrStdout()
			if asJSON {
				messages = io.Discard
			}

			prepared, err := setup(command.Context(), retention, command.Flags().Changed("retention"), endpoint, messages)
			if err == nil && asJSON {
				err = printJSON(command.OutOrStdout(), prepared)
			}

			return err
		},
	}

	command.Flags().DurationVar(&retention, "retention", 7*24*time.Hour, "how long the namespace retains ended jobs")
	command.Flags().BoolVar(&asJSON, "json", false, "print a JSON object")
	command.Flags().StringVar(&endpoint, "nexus-endpoint", "", "name of a Nexus endpoint to create; by default, none")

	return command
}

// preparedTemporal is what setup has found and changed, as --json prints it.
type preparedTemporal struct {
	Namespace        string   `json:"namespace"`
	Registered       bool     `json:"registered"` // Whether the command has registered the namespace.
	RetentionSeconds int64    `json:"retentionSeconds"`
	Attributes       []string `json:"attributes"` // The search attributes that it has registered.
	NexusEndpoint    string   `json:"nexusEndpoint,omitempty"`
}

// setup prepares Temporal, and prints what it does to out.
func setup(
	ctx context.Context, retention time.Duration, explicit bool, endpoint string, out io.Writer,
) (*preparedTemporal, error) {
	options, err := clientOptions(slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}

	temporal, err := client.NewLazyClient(options)
	if err != nil {
		return nil, err
	}
	defer temporal.Close()

	ctx, cancel := context.WithTimeout(ctx, setupTimeout)
	defer cancel()

	prepared := &preparedTemporal{Namespace: options.Namespace, Attributes: []string{}}
	err = prepared.namespace(ctx, temporal.WorkflowService(), retention, explicit, out)

	if unreachable, ok := errors.AsType[*serviceerror.Unavailable](err); ok {
		return nil, notReached(options, unreachable)
	}

	if err != nil {
		return nil, err
	}

	if err := retry(ctx, func() error {
		return prepared.registerAttributes(ctx, temporal.OperatorService(), out)
	}); err != nil {
		return nil, fmt.Errorf("can't register the search attributes: %w", err)
	}

	// Temporal rejects new jobs until the search attributes have taken effect.
	if err := retry(ctx, func() error {
		_, err := temporal.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{Query: usesAttributes()})

		return err
	}); err != nil {
		return nil, fmt.Errorf("the search attributes have not taken effect: %w", err)
	}

	if endpoint != "" {
		if err := createEndpoint(ctx, temporal.OperatorService(), options.Namespace, endpoint, out); err != nil {
			return nil, err
		}

		prepared.NexusEndpoint = endpoint
	}

	fmt.Fprintln(out, "Temporal is ready for jobs.")

	return prepared, nil
}

// namespace registers the namespace, or sets the retention of an existing one if the flag was given.
func (p *preparedTemporal) namespace(
	ctx context.Context, service workflowservice.WorkflowServiceClient, retention time.Duration, explicit bool, out io.Writer,
) error {
	namespace := p.Namespace
	p.RetentionSeconds = int64(retention.Seconds())

	_, err := service.RegisterNamespace(ctx, &workflowservice.RegisterNamespaceRequest{
		Namespace:                        namespace,
		Description:                      "Jobs of Jobwright",
		WorkflowExecutionRetentionPeriod: durationpb.New(retention),
	})
	if err == nil {
		p.Registered = true

		fmt.Fprintf(out, "Registered the namespace %s with a retention of %s.\n", namespace, retention)

		return nil
	}

	if _, exists := errors.AsType[*serviceerror.NamespaceAlreadyExists](err); !exists {
		return fmt.Errorf("can't register the namespace %s: %w", namespace, err)
	}

	found, err := service.DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: namespace})
	if err != nil {
		return fmt.Errorf("can't read the namespace %s: %w", namespace, err)
	}

	before := found.GetConfig().GetWorkflowExecutionRetentionTtl().AsDuration()
	if !explicit || before == retention {
		p.RetentionSeconds = int64(before.Seconds())

		fmt.Fprintf(out, "The namespace %s exists, with a retention of %s.\n", namespace, before)

		return nil
	}

	if _, err := service.UpdateNamespace(ctx, &workflowservice.UpdateNamespaceRequest{
		Namespace: namespace,
		Config:    &namespacepb.NamespaceConfig{WorkflowExecutionRetentionTtl: durationpb.New(retention)},
	}); err != nil {
		return fmt.Errorf("can't change the retention of the namespace %s: %w", namespace, err)
	}

	fmt.Fprintf(out, "Changed the retention of the namespace %s from %s to %s.\n", namespace, before, retention)

	return nil
}

// usesAttributes returns a query that fails until the search attributes have taken effect.
func usesAttributes() string {
	var terms []string
	for _, name := range slices.Sorted(maps.Keys(job.SearchAttributes())) {
		terms = append(terms, name+" IS NULL")
	}

	return strings.Join(terms, " AND ")
}

// retry repeats a request while Temporal rejects it because a change has not taken effect yet, until ctx is done.
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

		if clock.Sleep(ctx, setupPause) != nil {
			return errors.Join(err, ctx.Err())
		}
	}
}

// registerAttributes registers the search attributes that the namespace lacks.
func (p *preparedTemporal) registerAttributes(
	ctx context.Context, operator operatorservice.OperatorServiceClient, out io.Writer,
) error {
	existing, err := operator.ListSearchAttributes(ctx, &operatorservice.ListSearchAttributesRequest{Namespace: p.Namespace})
	if err != nil {
		return err
	}

	missing := map[string]enumspb.IndexedValueType{}

	for name, required := range job.SearchAttributes() {
		switch found, ok := existing.GetCustomAttributes()[name]; {
		case !ok:
			missing[name] = required
		case found != required:
			return fmt.Errorf("the search attribute %s has the type %s, but jobs require %s; remove it first",
				name, found, required)
		}
	}

	if len(missing) == 0 {
		fmt.Fprintln(out, "The search attributes exist.")

		return nil
	}

	if _, err := operator.AddSearchAttributes(ctx, &operatorservice.AddSearchAttributesRequest{
		Namespace: p.Namespace, SearchAttributes: missing,
	}); err != nil {
		return err
	}

	p.Attributes = slices.Sorted(maps.Keys(missing))

	fmt.Fprintf(out, "Registered %d search attributes.\n", len(missing))

	return nil
}
