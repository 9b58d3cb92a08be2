package scenario_test

import (
	"fmt"

	"github.com/jobwright/jobwright/scenario"
)

// Parse finds every mistake in a file at once, each with its place and with what would be right.
func ExampleParse() {
	text := []byte(`parameters:
  country: {type: text, default: US}
steps:
  - opName: Transfrom
  - opName: Transform
    opParams:
      source: stag
      query: SELECT * FROM companies WHERE country = :country
      bind: {country: "${contry}"}
      returnResult: true
`)

	_, err := scenario.Parse("scenarios/Main.yaml", text, scenario.Surroundings{Sources: []string{"files", "stage"}})
	fmt.Println(err)

	// Output:
	// scenarios/Main.yaml:4:5: unknown operation Transfrom; did you mean Transform? [operation_unknown]
	// scenarios/Main.yaml:7:7: unknown source stag; did you mean stage? [source_unknown]
	// scenarios/Main.yaml:9:14: in ${contry}, column 1: unknown name contry; did you mean country? [expression_invalid]
}

// Bind completes the values that a caller gives with the scenario's defaults.
func ExampleScenario_Bind() {
	found, err := scenario.Parse("Main.yaml", []byte(`
parameters:
  country: {type: text, default: US}
  limit: {type: integer, description: How many companies to show.}
steps:
  - opName: Transform
    opParams: {source: stage, query: SELECT 1, returnResult: true}
`), scenario.Surroundings{Sources: []string{"stage"}})
	if err != nil {
		fmt.Println(err)

		return
	}

	fmt.Println(found.Bind(scenario.Params{"limit": int64(10)}))

	_, err = found.Bind(scenario.Params{"countri": "CH"})
	fmt.Println(err)

	// Output:
	// map[country:US limit:10] <nil>
	// limit: the parameter limit is missing: How many companies to show. (of type integer) [parameter_missing]
	// countri: the scenario has no parameter countri; did you mean country? [parameter_unknown]
}
