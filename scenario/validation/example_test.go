package validation_test

import (
	"fmt"

	"github.com/jobwright/jobwright/scenario/validation"
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

	_, err := validation.Parse("scenarios/Main.yaml", text, validation.Environment{Sources: []string{"files", "stage"}})
	fmt.Println(err)

	// Output:
	// scenarios/Main.yaml:4:5: unknown operation Transfrom; did you mean Transform? [operation_unknown]
	// scenarios/Main.yaml:7:7: unknown source stag; did you mean stage? [source_unknown]
	// scenarios/Main.yaml:9:14: in ${contry}, column 1: unknown name contry; did you mean country? [expression_invalid]
}
