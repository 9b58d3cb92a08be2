package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/client"
	"github.com/jobwright/jobwright/internal/cli"
	"github.com/jobwright/jobwright/internal/cli/view"
	"github.com/jobwright/jobwright/internal/clock"
	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// errJobFailed ends the command with exit status 1 after the failure of a job has been printed.
var errJobFailed = cli.ExitError{Status: 1}

const (
	maxTableRows = 20     // The number of records of each result that are printed.
	mainScenario = "Main" // The scenario of the example.
	readyPause   = 20 * time.Millisecond
)

// devAPI is the API of this process.
type devAPI struct {
	*client.Client

	address string
	key     string
}

// newAPI returns the API at an address, for calls with a key.
func newAPI(address, key string) (*devAPI, error) {
	made, err := client.New(client.Options{URL: "http://" + reachable(address), Key: key})

	return &devAPI{Client: made, address: address, key: key}, err
}

// waitUntilReady waits until new jobs can run.
func (a *devAPI) waitUntilReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()

	for {
		ready, err := a.isReady(ctx)
		if ready {
			return nil
		}

		if clock.Sleep(ctx, readyPause) != nil {
			return fmt.Errorf("the API did not become ready: %w", errors.Join(err, ctx.Err()))
		}
	}
}

// isReady reports whether new jobs can run now.
func (a *devAPI) isReady(ctx context.Context) (bool, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, a.URL()+"/readyz", http.NoBody)
	if err != nil {
		return false, err
	}

	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false, err
	}

	return response.StatusCode == http.StatusOK, response.Body.Close()
}

// printCurl prints a command that runs a scenario, whatever the jobId of the execution.
func (a *devAPI) printCurl(out io.Writer, execution client.Execution, purpose string) error {
	body, err := json.Marshal(struct {
		APIKey    string           `json:"apiKey"`
		App       string           `json:"appId"`
		Operation client.Operation `json:"operation"`
		IsAsync   bool             `json:"isAsync"`
	}{a.key, execution.App, execution.Operation, false})
	if err != nil {
		return err
	}

	_, err = fmt.Fprintf(out, "\n%s:\n\n"+
		"  curl -H \"Content-Type: application/json\" -X POST -d '%s' \"http://%s/api/v1/executeJob.jsp\"\n",
		purpose, strings.ReplaceAll(string(body), "'", `'\''`), a.address)

	return err
}

// exampleApp returns the app given by --app or, if there is no such app, the first one; "" if there is none.
func exampleApp(apps *app.Catalog, appID string) (string, error) {
	ids, err := apps.IDs()
	if err != nil || len(ids) == 0 {
		return "", err
	}

	if !slices.Contains(ids, appID) {
		appID = ids[0]
	}

	return appID, nil
}

// printExample prints a command that runs a scenario of the app: Main, if it has one.
func (a *devAPI) printExample(out io.Writer, apps *app.Catalog, appID string) error {
	appID, err := exampleApp(apps, appID)
	if err != nil || appID == "" {
		return err
	}

	example, err := apps.App(appID)
	if err != nil {
		return nil //nolint:nilerr // The log has the mistakes of the app.
	}

	names, err := example.ScenarioNames()
	if err != nil || len(names) == 0 {
		return err
	}

	name := names[0]
	if slices.Contains(names, mainScenario) {
		name = mainScenario
	}

	execution := client.Execution{App: appID, Operation: client.RunScenario(name, jsonvalue.Object{})}

	return a.printCurl(out, execution, "To run the scenario "+name+" of app "+appID)
}

// runScenario runs a scenario as a job, waits for its end and prints its status. The error is errJobFailed if the job or the call
// failed.
func (a *devAPI) runScenario(ctx context.Context, execution client.Execution, out io.Writer) error {
	fmt.Fprintf(out, "\nRunning scenario %s of app %s as job %s\n", execution.Operation.Parameters["scenario"], execution.App,
		execution.JobID)

	status, err := a.run(ctx, execution)
	refused, isRefused := errors.AsType[*client.Error](err)

	switch {
	case isRefused:
		fmt.Fprintf(out, "\nFailed: %s\n", refused.Message)

		err = printJSON(out, refused)
	case err == nil:
		err = printStatus(out, status)
	}

	if err != nil {
		return err
	}

	if err := a.printCurl(out, execution, "To run it again"); err != nil {
		return err
	}

	if isRefused || status.Status != job.Completed {
		return errJobFailed
	}

	return nil
}

// run runs a scenario as a job, and returns its status at its end, with the first records of its results.
func (a *devAPI) run(ctx context.Context, execution client.Execution) (*client.Status, error) {
	jobID, err := a.Execute(ctx, execution)
	if err != nil {
		return nil, err
	}

	if _, err := a.Await(ctx, execution.App, jobID); err != nil {
		return nil, err
	}

	first, count := int64(0), int64(maxTableRows)

	return a.Status(ctx, client.StatusRequest{App: execution.App, JobID: jobID, Offset: &first, Limit: &count})
}

// printStatus prints the results of a job as tables, and its status as JSON.
func printStatus(out io.Writer, status *client.Status) error {
	if status.Status != job.Completed {
		fmt.Fprintf(out, "\nFailed: %s\n", status.Message)
	}

	for _, result := range status.Results {
		if err := printTable(out, result); err != nil {
			return err
		}
	}

	return printJSON(out, status)
}

// printTable prints the first records of a result.
func printTable(out io.Writer, result client.Result) error {
	rows := table.NewWriter()
	rows.SetStyle(table.StyleLight)
	rows.Style().Format.Header = 0 // Don't change the case of column names.

	var header table.Row
	for _, column := range result.Result.Schema {
		header = append(header, column.Name)
	}

	rows.AppendHeader(header)

	for _, encoded := range result.Result.Records {
		var record map[string]any

		decoder := json.NewDecoder(bytes.NewReader(encoded))
		decoder.UseNumber()

		if err := decoder.Decode(&record); err != nil {
			return err
		}

		var row table.Row
		for _, column := range result.Result.Schema {
			row = append(row, cell(record[column.Name]))
		}

		rows.AppendRow(row)
	}

	if more := result.Records - int64(len(result.Result.Records)); more > 0 {
		rows.AppendFooter(table.Row{fmt.Sprintf("… %d more", more)})
	}

	name := "result"
	if result.Name != nil {
		name = *result.Name
	}

	_, err := fmt.Fprintf(out, "\n%s\n%s\n", name, rows.Render())

	return err
}

// printJSON prints a value below an empty line.
func printJSON(out io.Writer, value any) error {
	if _, err := fmt.Fprintln(out); err != nil {
		return err
	}

	return view.Output{Out: out}.JSON(value)
}

// cell returns a value as a table shows it.
func cell(value any) any {
	if value == nil {
		return "NULL"
	}

	return value
}
