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
	"github.com/jobwright/jobwright/internal/cli"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// errJobFailed ends the command with exit status 1 after the response of a failed job has been printed.
var errJobFailed = cli.ExitError{Status: 1}

const (
	maxResponse  = 8 << 20 // The largest response that is printed, in bytes.
	maxTableRows = 20
	mainScenario = "Main" // The scenario of the example.
	readyPause   = 20 * time.Millisecond
)

// apiClient is a client of the API.
type apiClient struct {
	address string
	key     string
}

// executeJob is the body of an executeJob call.
type executeJob struct {
	APIKey    string    `json:"apiKey"`
	AppID     string    `json:"appId"`
	Operation operation `json:"operation"`
	IsAsync   bool      `json:"isAsync"`
	JobID     string    `json:"jobId,omitempty"`
}

type operation struct {
	OpName   string               `json:"opName"`
	OpParams scenario.RunScenario `json:"opParams"`
}

// waitUntilReady waits until new jobs can run.
func (c *apiClient) waitUntilReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()

	for {
		status, _, err := c.call(ctx, http.MethodGet, "/readyz", nil)
		if err == nil && status == http.StatusOK {
			return nil
		}

		select {
		case <-ctx.Done():
			return fmt.Errorf("the API did not become ready: %w", errors.Join(err, ctx.Err()))
		case <-time.After(readyPause):
		}
	}
}

// request returns the body of a call that runs a scenario.
func (c *apiClient) request(appID, name string, parameters jsonvalue.Object) executeJob {
	return executeJob{APIKey: c.key, AppID: appID, Operation: operation{
		OpName: scenario.OpRunScenario, OpParams: scenario.RunScenario{Scenario: name, Parameters: parameters},
	}}
}

// printCurl prints a command that runs a scenario.
func (c *apiClient) printCurl(out io.Writer, request executeJob, purpose string) error {
	body, err := json.Marshal(request)
	if err != nil {
		return err
	}

	_, err = fmt.Fprintf(out, "\n%s:\n\n"+
		"  curl -H \"Content-Type: application/json\" -X POST -d '%s' \"http://%s/api/v1/executeJob.jsp\"\n",
		purpose, strings.ReplaceAll(string(body), "'", `'\''`), c.address)

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
func (c *apiClient) printExample(out io.Writer, apps *app.Catalog, appID string) error {
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

	request := c.request(appID, name, jsonvalue.Object{})

	return c.printCurl(out, request, "To run the scenario "+name+" of app "+appID)
}

// runScenario runs a scenario as a job, waits for its end and prints the response. The error is errJobFailed if the job or
// the call failed.
func (c *apiClient) runScenario(ctx context.Context, request executeJob, out io.Writer) error {
	fmt.Fprintf(out, "\nRunning scenario %s of app %s as job %s\n", request.Operation.OpParams.Scenario, request.AppID,
		request.JobID)

	body, err := json.Marshal(request)
	if err != nil {
		return err
	}

	status, response := http.StatusAccepted, []byte(nil)
	for status == http.StatusAccepted {
		if status, response, err = c.call(ctx, http.MethodPost, "/api/v1/executeJob.jsp", body); err != nil {
			return err
		}
	}

	if err := printResponse(out, response); err != nil {
		return err
	}

	request.JobID = ""
	if err := c.printCurl(out, request, "To run it again"); err != nil {
		return err
	}

	if status != http.StatusOK {
		return errJobFailed
	}

	return nil
}

func (c *apiClient) call(ctx context.Context, method, path string, body []byte) (status int, text []byte, err error) {
	request, err := http.NewRequestWithContext(ctx, method, "http://"+c.address+path, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}

	request.Header.Set("Content-Type", "application/json")

	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()

	text, err = io.ReadAll(io.LimitReader(response.Body, maxResponse+1))

	return response.StatusCode, text, err
}

// printedResponse has the fields of a response that are printed as text.
type printedResponse struct {
	Status string `json:"status"`
	Result struct {
		Message string `json:"message"`
		Results []struct {
			Name   *string `json:"name"`
			Result struct {
				Schema []struct {
					Name string `json:"name"`
				} `json:"schema"`
				Records []map[string]any `json:"records"`
			} `json:"result"`
		} `json:"results"`
	} `json:"result"`
}

// printResponse prints the results of a response as tables, and its JSON.
func printResponse(out io.Writer, response []byte) error {
	if len(response) > maxResponse {
		_, err := fmt.Fprintf(out, "\nThe response has more than %d MiB; use the command below to get it.\n", maxResponse>>20)

		return err
	}

	var read printedResponse

	decoder := json.NewDecoder(bytes.NewReader(response))
	decoder.UseNumber()

	if err := decoder.Decode(&read); err != nil {
		return fmt.Errorf("the response of the API is not valid JSON: %w", err)
	}

	if read.Status != "success" {
		fmt.Fprintf(out, "\nFailed: %s\n", read.Result.Message)
	}

	for _, set := range read.Result.Results {
		rows := table.NewWriter()
		rows.SetStyle(table.StyleLight)
		rows.Style().Format.Header = 0 // Don't change the case of column names.

		var header table.Row
		for _, column := range set.Result.Schema {
			header = append(header, column.Name)
		}

		rows.AppendHeader(header)

		for i, record := range set.Result.Records {
			if i == maxTableRows {
				rows.AppendFooter(table.Row{fmt.Sprintf("… %d more", len(set.Result.Records)-maxTableRows)})

				break
			}

			var row table.Row
			for _, column := range set.Result.Schema {
				row = append(row, cell(record[column.Name]))
			}

			rows.AppendRow(row)
		}

		name := "result"
		if set.Name != nil {
			name = *set.Name
		}

		fmt.Fprintf(out, "\n%s\n%s\n", name, rows.Render())
	}

	var indented bytes.Buffer
	if err := json.Indent(&indented, response, "", "  "); err != nil {
		return err
	}

	_, err := fmt.Fprintf(out, "\n%s\n", strings.TrimSpace(indented.String()))

	return err
}

// cell returns a value as a table shows it.
func cell(value any) any {
	if value == nil {
		return "NULL"
	}

	return value
}
