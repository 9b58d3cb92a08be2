package nexus

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/nexus-rpc/sdk-go/nexus"
	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/jobservice"
)

func TestRequestReportsMistakes(t *testing.T) {
	t.Parallel()

	var request Request

	require.NoError(t, json.Unmarshal([]byte(`{"appId": "7", "scenario": "Load", "parameters": {"size": 9007199254740993}}`), &request))
	require.NoError(t, request.mistake)
	require.Equal(t, "Load", request.operation()["opParams"].(map[string]any)["scenario"])

	for input, mistake := range map[string]string{
		`{"scenarios": "Load"}`: `unknown field "scenarios"`,
		`{"appId": 7}`:          "appId",
		`[]`:                    "cannot unmarshal array",
	} {
		var request Request

		require.NoError(t, json.Unmarshal([]byte(input), &request))
		require.ErrorContains(t, request.mistake, mistake)
	}
}

func TestHandlerErrorsSayWhetherTemporalRepeatsTheRequest(t *testing.T) {
	t.Parallel()

	for code, want := range map[jobservice.Code]nexus.HandlerErrorType{
		jobservice.CodeRequestInvalid:      nexus.HandlerErrorTypeBadRequest,
		jobservice.CodeScenarioInvalid:     nexus.HandlerErrorTypeBadRequest,
		jobservice.CodeForbidden:           nexus.HandlerErrorTypeUnauthorized,
		jobservice.CodeScenarioNotFound:    nexus.HandlerErrorTypeNotFound,
		jobservice.CodeJobIDTaken:          nexus.HandlerErrorTypeConflict,
		jobservice.CodeQuotaExceeded:       nexus.HandlerErrorTypeResourceExhausted,
		jobservice.CodeTooManyRequests:     nexus.HandlerErrorTypeResourceExhausted,
		jobservice.CodeTemporalUnavailable: nexus.HandlerErrorTypeUnavailable,
		jobservice.CodeInternal:            nexus.HandlerErrorTypeInternal,
	} {
		failed := jobservice.NewError(code, "the reason")

		var got *nexus.HandlerError

		require.ErrorAs(t, asHandlerError(failed), &got)
		require.Equal(t, want, got.Type, code)
		require.Equal(t, string(code)+": the reason", got.Message)
		require.Equal(t, kindOf(failed).retryable, got.Retryable(), code)
	}

	var missing *nexus.HandlerError

	require.ErrorAs(t, asHandlerError(fmt.Errorf("app %q: %w", "8", app.ErrNotFound)), &missing)
	require.Equal(t, nexus.HandlerErrorTypeNotFound, missing.Type)
	require.Contains(t, missing.Message, `app "8"`)

	other := errors.New("the folder can't be read")
	require.Equal(t, other, asHandlerError(other), "the SDK repeats the request")
}
