package client_test

import (
	"encoding/json"
	"os"
	"reflect"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/client"
	"github.com/jobwright/jobwright/internal/schema"
)

// described returns the names of the fields of a schema in docs/openapi.json.
func described(t *testing.T, name string) []string {
	t.Helper()

	text, err := os.ReadFile("../docs/openapi.json")
	require.NoError(t, err)

	var document struct {
		Components struct {
			Schemas map[string]struct {
				Properties map[string]any `json:"properties"`
			} `json:"schemas"`
		} `json:"components"`
	}
	require.NoError(t, json.Unmarshal(text, &document))
	require.Contains(t, document.Components.Schemas, name)

	var names []string
	for field := range document.Components.Schemas[name].Properties {
		names = append(names, field)
	}

	return names
}

// fields returns the names of the JSON fields of a struct.
func fields(of reflect.Type) []string {
	var names []string
	for _, field := range schema.FieldsOf(of) {
		names = append(names, field.Name)
	}

	return names
}

func TestStatusHasTheFieldsOfTheAPI(t *testing.T) {
	t.Parallel()

	wanted := append(described(t, "Progress"), described(t, "JobEnded")...)
	slices.Sort(wanted)

	require.ElementsMatch(t, slices.Compact(wanted), fields(reflect.TypeFor[client.Status]()))
}

func TestTypesHaveTheFieldsOfTheAPI(t *testing.T) {
	t.Parallel()

	for schema, test := range map[string]struct {
		of      reflect.Type
		omitted []string // Fields of the API that the client does not use.
	}{
		"ExecuteJobRequest":       {reflect.TypeFor[client.Execution](), []string{"apiKey", "isAsync", "noResultSchema", "waitSeconds"}},
		"GetJobStatusRequest":     {reflect.TypeFor[client.StatusRequest](), []string{"apiKey"}},
		"GetJobsRequest":          {reflect.TypeFor[client.JobsRequest](), []string{"apiKey"}},
		"SignalJobRequest":        {reflect.TypeFor[client.Signal](), []string{"apiKey"}},
		"RetryJobRequest":         {reflect.TypeFor[client.Retry](), []string{"apiKey"}},
		"DeleteJobRequest":        {reflect.TypeFor[client.Delete](), []string{"apiKey"}},
		"GetSchedulesRequest":     {reflect.TypeFor[client.SchedulesRequest](), []string{"apiKey"}},
		"BackfillScheduleRequest": {reflect.TypeFor[client.Backfill](), []string{"apiKey"}},
		"GetJobHistoryRequest":    {reflect.TypeFor[client.HistoryRequest](), []string{"apiKey"}},
		"ResultSet":               {reflect.TypeFor[client.Result](), nil},
		"Records":                 {reflect.TypeFor[client.Records](), nil},
	} {
		require.ElementsMatch(t, described(t, schema), append(test.omitted, fields(test.of)...), schema)
	}
}
