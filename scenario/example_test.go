package scenario_test

import (
	"fmt"

	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/scenario/validation"
)

// Bind completes the values that a caller gives with the scenario's defaults.
func ExampleScenario_Bind() {
	found, err := validation.Parse("Main.yaml", []byte(`
parameters:
  country: {type: text, default: US}
  limit: {type: integer, description: How many companies to show.}
steps:
  - opName: Transform
    opParams: {source: stage, query: SELECT 1, returnResult: true}
`), validation.Environment{Sources: []string{"stage"}})
	if err != nil {
		fmt.Println(err)

		return
	}

	fmt.Println(found.Bind(jsonvalue.Object{"limit": int64(10)}))

	_, err = found.Bind(jsonvalue.Object{"countri": "CH"})
	fmt.Println(err)

	// Output:
	// map[country:US limit:10] <nil>
	// limit: the parameter limit is missing (type integer: How many companies to show) [parameter_missing]
	// countri: the scenario has no parameter countri; did you mean country? [parameter_unknown]
}
