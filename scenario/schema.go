package scenario

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"github.com/jobwright/jobwright/source"
)

// Schema returns the JSON Schema of a scenario's file, made from the definitions that validation goes by. Editors complete
// and check with it while an author types. It knows one file and the form of what stands in it; the names that an
// expression uses, sources and calls are left to [Parse] and [NewProgram].
func Schema() ([]byte, error) {
	definitions := schema{
		"steps":              {"type": "array", "items": reference("step")},
		"step":               stepSchema(),
		"parameter":          parameterSchema(),
		"retry":              retrySchema(),
		"type":               {"enum": source.Types()},
		"typeWithArguments":  typeSchema(),
		"duration":           durationSchema(),
		"expression":         {"type": "string", "pattern": expressionAlone, "description": "An expression: ${…}."},
		"textWithExpression": {"type": "string", "pattern": expressionWithin, "description": "Text with an expression in it."},
	}

	for _, operation := range Operations() {
		definitions[operation.Name] = objectSchema(operation.Fields, true)
		definitions[operation.Name]["description"] = operation.Description
	}

	whole := objectSchema(fieldsOf[scenarioFields](), false)
	whole["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	whole["title"] = "A scenario of Jobwright"
	whole["$defs"] = definitions

	properties := whole.properties()
	properties["steps"]["items"] = reference("step")
	properties["steps"]["minItems"] = 1
	properties["parameters"]["additionalProperties"] = reference("parameter")
	properties["parameters"]["propertyNames"] = node{"pattern": identifier.String(), "not": node{"enum": reservedNames}}

	var text bytes.Buffer

	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")

	err := encoder.Encode(whole)

	return text.Bytes(), err
}

type (
	// node is a schema, or a part of one.
	node map[string]any

	// schema holds schemas by name.
	schema map[string]node
)

// properties returns the schemas of an object's fields.
func (n node) properties() schema {
	properties, _ := n["properties"].(schema)

	return properties
}

func reference(definition string) node { return node{"$ref": "#/$defs/" + definition} }

// A text is an expression alone, or has one in it, as parseTemplate sees it: a $ before it takes its meaning away.
const (
	expressionBegin  = `\$(\{|\[[^\[\]{}$]+\]\{)`
	expressionAlone  = `^` + expressionBegin + `[\s\S]*\}$`
	expressionWithin = `(^|[^$])` + expressionBegin
)

// typeSchema is what source.ParseStandard reads.
func typeSchema() node {
	elements := slices.DeleteFunc(typeNames(), func(name string) bool { return name == string(source.Array) })

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

// durationSchema is what time.ParseDuration reads, as long as it is above zero.
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

// objectSchema is the schema of an object with those fields; in the parameters of operations, expressions may stand for
// values.
func objectSchema(fields []Field, expressions bool) node {
	properties := schema{}
	required := []string{}

	for _, field := range fields {
		properties[field.Name] = field.schema(expressions)

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

func (f Field) schema(expressions bool) node {
	whole := f.form.schema()

	if expressions && !f.Literal {
		whole = f.form.orExpression(whole)
	}

	if f.form == formText && f.Required {
		whole["minLength"] = 1
	}

	if f.form == formText && f.Literal {
		whole["not"] = reference("textWithExpression")
	}

	if f.Description != "" {
		whole["description"] = f.Description
	}

	return whole
}

// orExpression adds to the schema of a form that an expression may stand for the value, where it does not say so already.
func (f form) orExpression(plain node) node {
	switch {
	case f == formAny || f == formText || f == formCondition || f == formRules || f.holdsSteps():
		return plain
	case f.accepts(formText):
		return node{"anyOf": []node{plain, reference("textWithExpression")}}
	default:
		return node{"anyOf": []node{plain, reference("expression")}}
	}
}

// schema is what a value of the form looks like without expressions.
func (f form) schema() node {
	switch f {
	case formText:
		return node{"type": "string"}
	case formInteger:
		return node{"type": "integer"}
	case formNumber:
		return node{"type": "number"}
	case formBoolean:
		return node{"type": "boolean"}
	case formObject:
		return node{"type": "object"}
	case formList:
		return node{"type": "array"}
	case formTexts:
		return node{"type": "array", "items": node{"type": "string"}}
	case formIntegers:
		return node{"type": "array", "items": node{"type": "integer"}}
	case formRecords:
		return node{"type": "array", "items": node{"type": "object"}}
	case formNames:
		return node{"type": "object", "additionalProperties": node{"type": "string"}}
	case formNaming:
		return node{"enum": []source.Naming{source.Standardize, source.ToUpperCase, source.ToLowerCase}}
	case formFormat:
		return objectSchema(fieldsOf[source.Format](), true)
	case formOnError:
		return node{"enum": []OnError{OnErrorFail, OnErrorContinue}}
	case formDuration:
		return reference("duration")
	case formType:
		return reference("type")
	case formTypes:
		of := node{"anyOf": []node{reference("typeWithArguments"), reference("textWithExpression")}}

		return node{"type": "object", "additionalProperties": of}
	case formCondition:
		return node{"anyOf": []node{{"type": "boolean"}, reference("expression")}}
	case formSteps:
		return reference("steps")
	case formCases:
		return node{"type": "array", "items": objectSchema(fieldsOf[Case](), true), "minItems": 1}
	case formBranches:
		return node{
			"type": "object", "additionalProperties": reference("steps"), "minProperties": 1,
			"propertyNames": node{"pattern": identifier.String()},
		}
	case formRules:
		rule := objectSchema(fieldsOf[IgnoreRule](), true)
		rule["minProperties"], rule["maxProperties"] = 1, 1

		return node{"type": "array", "items": rule}
	case formAny:
	}

	return node{}
}

func parameterSchema() node { return objectSchema(fieldsOf[parameterFields](), false) }

func retrySchema() node {
	retry := objectSchema(retryFields(), false)

	retry.properties()["maximumAttempts"]["minimum"] = 1
	retry.properties()["backoffCoefficient"]["minimum"] = 1

	return retry
}

// stepSchema is the schema of a step: what every step has, and for each operation what is said of its parameters.
func stepSchema() node {
	step := objectSchema(fieldsOf[stepFields](), false)

	properties := step.properties()
	properties["name"]["pattern"] = identifier.String()
	properties["opName"] = node{"enum": operationNames(), "description": properties["opName"]["description"]}
	properties["retry"]["$ref"] = "#/$defs/retry"

	var choices []node

	for _, operation := range Operations() {
		properties := schema{"opParams": reference(operation.Name)}
		then := node{"properties": properties}

		if operation.Control {
			properties["retry"] = node{"not": node{}, "description": "A control operation is not tried again."}
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
