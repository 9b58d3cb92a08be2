package apiserver_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/app/apikey"
)

// scenarios calls getScenarios, and returns the scenarios by name.
func (s *server) scenarios(t *testing.T, key, more string) map[string]map[string]any {
	t.Helper()

	status, _, got := s.send(t, http.MethodGet, "/api/v1/getScenarios?appId=7"+more,
		http.Header{"Authorization": {"Bearer " + key}}, "")
	require.Equal(t, http.StatusOK, status, got)

	byName := map[string]map[string]any{}

	for _, found := range got["result"].(map[string]any)["scenarios"].([]any) {
		described := found.(map[string]any)
		byName[described["name"].(string)] = described
	}

	return byName
}

func TestGetScenariosReturnsWhatTheKeyMayRun(t *testing.T) {
	t.Parallel()

	key, limited := apikey.New(), apikey.New()
	s := serve(t, map[string]string{
		"7/app.yaml": accessWith("all", "", key) + "  - name: some\n    scenarios: [M*]\n    keys: [{sha256: " +
			apikey.DigestOf(limited).String() + "}]\n",
		"7/scenarios/Main.yaml": "description: Returns a number.\n" +
			"parameters: {n: {type: integer}, to: {type: date, default: \"2024-02-29\"}}\n" + mainScenario,
		"7/scenarios/Broken.yaml":    "steps: [{opName: Retrun}]",
		"7/scenarios/Main_test.yaml": "tests: []",
	}, nil)

	all := s.scenarios(t, key, "")
	require.Len(t, all, 2)

	main := all["Main"]
	require.Equal(t, true, main["valid"], main)
	require.Regexp(t, `^sha256:[0-9a-f]{64}$`, main["program"])
	require.Regexp(t, `^\d{4}-\d\d-\d\dT.*Z$`, main["modifiedAt"])

	program := main["program"]
	delete(main, "program")
	delete(main, "modifiedAt")
	require.Equal(t, "Returns a number.", main["description"])
	require.Equal(t, []any{"n"}, main["parameters"].(map[string]any)["required"])
	require.Equal(t, "2024-02-29",
		main["parameters"].(map[string]any)["properties"].(map[string]any)["to"].(map[string]any)["default"])
	require.NotContains(t, main, "lineage")

	broken := all["Broken"]
	require.Equal(t, false, broken["valid"])
	require.NotContains(t, broken, "parameters")

	mistake := broken["problems"].([]any)[0].(map[string]any)
	require.Equal(t, "scenarios/Broken.yaml", mistake["file"])
	require.InEpsilon(t, 1.0, mistake["line"], 0)

	some := s.scenarios(t, limited, "&withLineage=true")
	require.Len(t, some, 1)
	require.Equal(t, "Main", some["Main"]["lineage"].(map[string]any)["scenario"])
	require.Equal(t, program, some["Main"]["program"])

	s.write(t, "7/scenarios/Main.yaml", "steps: [{opName: Return, opParams: {value: 2}}]")
	require.NotEqual(t, program, s.scenarios(t, limited, "")["Main"]["program"])
}

func TestGetScenariosRequiresTheRightToExecute(t *testing.T) {
	t.Parallel()

	key := apikey.New()
	s := serve(t, map[string]string{
		"7/app.yaml": accessWith("reader", "", key) + "    rights: [status]\n", "7/scenarios/Main.yaml": mainScenario,
	}, nil)

	status, _, got := s.send(t, http.MethodPost, "/api/v1/getScenarios.jsp", http.Header{"Content-Type": {"application/json"}},
		`{"apiKey":"`+key+`","appId":"7"}`)
	require.Equal(t, http.StatusForbidden, status, got)
}
