package openapi

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"

	"github.com/jobwright/jobwright/internal/scenarioschema"
	"github.com/jobwright/jobwright/scenario"
)

var definition = regexp.MustCompile(`"#/\$defs/(\w)`)

// operationRef refers to the schema of the operation that a job executes.
const operationRef = "#/components/schemas/Operation"

// addOperations adds the schemas of the operations of the language, and of what they contain. Operation is any of them as the
// job of a call; Step is any of them in a list of steps.
func (s schemas) addOperations() error {
	text, err := scenarioschema.File()
	if err != nil {
		return err
	}

	text = definition.ReplaceAllFunc(text, func(found []byte) []byte {
		return []byte(`"#/components/schemas/` + capitalized(string(found[len(found)-1])))
	})

	var file struct {
		Definitions map[string]node `json:"$defs"`
	}

	if err := json.Unmarshal(text, &file); err != nil {
		return err
	}

	step, _ := file.Definitions["step"]["properties"].(map[string]any)
	delete(file.Definitions, "step")

	for name, definition := range file.Definitions {
		s.named[capitalized(name)] = definition
	}

	steps, jobs := []string{}, []string{jobOfScenario}

	for _, operation := range scenario.Operations() {
		name := operation.Name + "Step"
		s.named[name] = stepOf(operation, step)

		steps = append(steps, name)
		if operation.Name != scenario.OpRunScenario {
			jobs = append(jobs, name)
		}
	}

	s.named[jobOfScenario] = scenarioJob(step)
	s.named["Step"] = oneOf("A step of a scenario.", steps)
	s.named["Operation"] = oneOf("The operation that a job executes.", jobs)

	return nil
}

// stepOf returns the schema of a step with the operation. step are the fields of all steps.
func stepOf(operation scenario.Operation, step map[string]any) node {
	properties, required := node{}, []string{"opName"}

	maps.Copy(properties, step)

	properties["opName"] = node{"type": "string", "const": operation.Name}
	properties["opParams"] = refTo("schemas", operation.Name)

	if operation.Control {
		delete(properties, "retry")
	}

	for _, field := range operation.Fields {
		if field.Required && !slices.Contains(required, "opParams") {
			required = append(required, "opParams")
		}
	}

	return node{
		"type": "object", "description": operation.Description, "properties": properties, "required": required,
		"additionalProperties": false,
	}
}

// jobOfScenario is the name of the schema of the job of a scenario.
const jobOfScenario = "ScenarioJob"

// scenarioJob returns the schema of an operation RunScenario as a job: its parameters are data, and fields that describe a step
// in a scenario are refused.
func scenarioJob(step map[string]any) node {
	fields := map[string]string{}
	for _, operation := range scenario.ControlOperations() {
		for _, field := range operation.Fields {
			if operation.Name == scenario.OpRunScenario {
				fields[field.Name] = field.Description
			}
		}
	}

	return node{
		"type": "object", "description": "Runs a scenario of the app.",
		"properties": node{
			"opName": node{"type": "string", "const": scenario.OpRunScenario},
			"title":  step["title"], "name": step["name"], "execution": step["execution"],
			"opParams": node{
				"type": "object", "description": "The scenario, and its parameters.",
				"properties": node{
					"scenario": node{"type": "string", "minLength": 1, "description": fields["scenario"]},
					"parameters": node{
						"type": "object", "additionalProperties": true,
						"description": fields["parameters"] + " They are data: expressions in them are not evaluated.",
					},
				},
				"required": []string{"scenario"}, "additionalProperties": false,
			},
		},
		"required": []string{"opName", "opParams"}, "additionalProperties": false,
	}
}

// oneOf returns the schema of a value that has one of the named schemas. The field opName selects it.
func oneOf(description string, names []string) node {
	choices := make([]node, len(names))
	for i, name := range names {
		choices[i] = refTo("schemas", name)
	}

	return node{"description": description, "oneOf": choices}
}
