// Package scenarioschema generates the JSON Schema of the scenario language from the definitions that validation uses.
package scenarioschema

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/jobwright/jobwright/internal/schema"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/expression"
	"github.com/jobwright/jobwright/source"
)

// File returns the JSON Schema of a scenario's file. Editors use it to complete and check a file while an author types. It
// covers the structure of one file; expressions, sources and calls are checked by package validation.
func File() ([]byte, error) {
	named := definitions{
		"steps":              {"type": "array", "items": refTo("step")},
		"step":               stepSchema(),
		"parameter":          parameterSchema(),
		"retry":              retrySchema(),
		"type":               {"enum": source.Types()},
		"typeWithArguments":  typeSchema(),
		"duration":           durationSchema(),
		"expression":         {"type": "string", "pattern": expressionAlone, "description": "An expression: ${…}."},
		"textWithExpression": {"type": "string", "pattern": expressionWithin, "description": "Text with an expression in it."},
	}

	for _, operation := range scenario.Operations() {
		named[operation.Name] = objectSchema(operation.Fields, true)
		named[operation.Name]["description"] = operation.Description
	}

	whole := objectSchema(scenario.FileFields(), false)
	whole["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	whole["title"] = "A scenario of Jobwright"
	whole["$defs"] = named

	properties := whole.properties()
	properties["steps"]["items"] = refTo("step")
	properties["steps"]["minItems"] = 1
	properties["parameters"]["additionalProperties"] = refTo("parameter")
	properties["parameters"]["propertyNames"] = node{
		"pattern": expression.IdentifierPattern, "not": node{"enum": expression.ReservedNames()},
	}

	var text bytes.Buffer

	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")

	err := encoder.Encode(whole)

	return text.Bytes(), err
}

// Object returns the JSON Schema of an object with the fields, without expressions as values.
func Object(fields []schema.Field) any { return objectSchema(fields, false) }

type (
	// node is a schema, or a part of a schema.
	node map[string]any

	// definitions are schemas by name.
	definitions map[string]node
)

// properties returns the schemas of an object's fields.
func (n node) properties() definitions {
	properties, _ := n["properties"].(definitions)

	return properties
}

func refTo(definition string) node { return node{"$ref": "#/$defs/" + definition} }

// The patterns of texts with an expression, as [expression.ParseTemplate] reads them: a further $ escapes an expression.
const (
	expressionBegin  = `\$(\{|\[[^\[\]{}$]+\]\{)`
	expressionAlone  = `^` + expressionBegin + `[\s\S]*\}$`
	expressionWithin = `(^|[^$])` + expressionBegin
)

// typeSchema returns the schema of the types that source.ParseStandard accepts.
func typeSchema() node {
	elements := slices.DeleteFunc(schema.TypeNames(), func(name string) bool { return name == string(source.Array) })

	return node{"anyOf": []node{
		{"enum": elements},
		{
			"type": "string", "pattern": `^(` + strings.Join(elements, "|") + `)\[\]$`,
			"description": "An array: integer[] for example.",
		},
		{
			"type": "string", "pattern": `^decimal\( *[0-9]+ *(, *[0-9]+ *)?\)$`,
			"description": "A decimal with its digits: decimal(10,2).",
		},
	}}
}

// durationSchema returns the schema of durations above zero that time.ParseDuration accepts.
func durationSchema() node {
	return node{
		"type":        "string",
		"description": "A duration above zero, such as 90s or 1h30m.",
		"allOf": []node{
			{"pattern": `^\+?(([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+$`},
			{"pattern": `[1-9]`},
		},
	}
}

// objectSchema returns the schema of an object with the fields. expressions allows expressions as values.
func objectSchema(fields []schema.Field, expressions bool) node {
	properties := definitions{}
	required := []string{}

	for _, field := range fields {
		properties[field.Name] = fieldSchema(field, expressions)

		if field.Required {
			required = append(required, field.Name)
		}
	}

	object := node{"type": "object", "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		object["required"] = required
	}

	return object
}

func fieldSchema(f schema.Field, expressions bool) node {
	whole := formSchema(f.Form)

	if expressions && !f.Literal {
		whole = orExpression(f.Form, whole)
	}

	if f.Form == schema.Text && f.Required {
		whole["minLength"] = 1
	}

	if f.Form == schema.Text && f.Literal {
		whole["not"] = refTo("textWithExpression")
	}

	if f.Description != "" {
		whole["description"] = f.Description
	}

	return whole
}

// orExpression extends the schema of a form so that it also accepts an expression.
func orExpression(f schema.Form, plain node) node {
	switch {
	case f == schema.Any || f == schema.Text || f == scenario.FormCondition || f == scenario.FormIgnoreRules ||
		scenario.HasSteps(f):
		return plain
	case f.Accepts(schema.Text):
		return node{"anyOf": []node{plain, refTo("textWithExpression")}}
	default:
		return node{"anyOf": []node{plain, refTo("expression")}}
	}
}

// simpleForms are the schemas of forms without fields.
var simpleForms = map[schema.Form]node{
	schema.Text:           {"type": "string"},
	schema.Integer:        {"type": "integer"},
	schema.Number:         {"type": "number"},
	schema.Boolean:        {"type": "boolean"},
	schema.Object:         {"type": "object"},
	schema.List:           {"type": "array"},
	schema.Texts:          {"type": "array", "items": node{"type": "string"}},
	schema.Integers:       {"type": "array", "items": node{"type": "integer"}},
	schema.Records:        {"type": "array", "items": node{"type": "object"}},
	schema.TextMap:        {"type": "object", "additionalProperties": node{"type": "string"}},
	schema.Type:           refTo("type"),
	schema.Naming:         {"enum": []source.Naming{source.Standardize, source.ToUpperCase, source.ToLowerCase}},
	scenario.FormDuration: refTo("duration"),
	scenario.FormSteps:    refTo("steps"),

	scenario.FormExecution: {"enum": scenario.Executions()},
	scenario.FormTaskQueue: {"type": "string", "pattern": scenario.TaskQueuePattern},
	scenario.FormOnError:   {"enum": []scenario.OnError{scenario.OnErrorFail, scenario.OnErrorContinue}},
	scenario.FormCondition: {"anyOf": []node{{"type": "boolean"}, refTo("expression")}},
	scenario.FormMaxRejected: {"anyOf": []node{
		{"type": "integer", "minimum": 0}, {"type": "string", "pattern": "^" + scenario.MaxRejectedPattern + "$"},
	}},
	scenario.FormBranches: {
		"type": "object", "additionalProperties": refTo("steps"), "minProperties": 1,
		"propertyNames": node{"pattern": expression.IdentifierPattern},
	},
	schema.TypeMap: {"type": "object", "additionalProperties": node{
		"anyOf": []node{refTo("typeWithArguments"), refTo("textWithExpression")},
	}},
}

// formSchema returns the schema of the values of a form.
func formSchema(f schema.Form) node {
	switch f {
	case schema.Format:
		return objectSchema(formatFields(), true)
	case schema.Notation:
		return node{"type": "object", "additionalProperties": objectSchema(schema.Fields[source.Notation](), true)}
	case scenario.FormCases:
		return node{"type": "array", "items": objectSchema(schema.Fields[scenario.Case](), true), "minItems": 1}
	case scenario.FormIgnoreRules:
		rule := objectSchema(schema.Fields[scenario.IgnoreRule](), true)
		rule["minProperties"], rule["maxProperties"] = 1, 1

		return node{"type": "array", "items": rule}
	case schema.Any:
		return node{}
	}

	return maps.Clone(simpleForms[f])
}

func parameterSchema() node { return objectSchema(scenario.ParameterFields(), false) }

func retrySchema() node {
	retry := objectSchema(scenario.RetryFields(), false)

	retry.properties()["maximumAttempts"]["minimum"] = 1
	retry.properties()["backoffCoefficient"]["minimum"] = 1

	return retry
}

// stepSchema returns the schema of a step: the fields of all steps, and the parameters of each operation.
func stepSchema() node {
	step := objectSchema(scenario.StepFields(), false)

	properties := step.properties()
	properties["name"]["pattern"] = expression.IdentifierPattern
	properties["opName"] = node{"enum": scenario.OperationNames(), "description": properties["opName"]["description"]}
	properties["retry"]["$ref"] = "#/$defs/retry"

	var choices []node

	for _, operation := range scenario.Operations() {
		properties := definitions{"opParams": refTo(operation.Name)}
		then := node{"properties": properties}

		if operation.Control {
			properties["retry"] = node{"not": node{}, "description": "A control operation is not tried again."}
			properties["taskQueue"] = node{"not": node{}, "description": "A control operation runs in the task queue of its job."}
		}

		for _, field := range operation.Fields {
			if field.Required {
				then["required"] = []string{"opParams"}
			}
		}

		choices = append(choices, node{
			"if":   node{"properties": node{"opName": node{"const": operation.Name}}, "required": []string{"opName"}},
			"then": then,
		})
	}

	step["allOf"] = choices

	return step
}
