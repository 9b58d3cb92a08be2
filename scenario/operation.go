package scenario

import (
	"reflect"
	"slices"
	"sync"

	"github.com/jobwright/jobwright/internal/schema"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// Operation defines an operation. Validation, the interpreter, the JSON Schema and the documentation use this definition.
type Operation struct {
	Name        string
	Description string
	Fields      []schema.Field
	Control     bool           // Whether the interpreter runs it; a data operation runs as an activity of its name.
	Outcome     []schema.Field // The fields of its outcome, beside those of [OutcomeFields].

	// rule checks the parameters as a whole, see [Operation.CheckParams].
	rule func(params jsonvalue.Object) (field, message string)

	// uses returns what the operation requires of its sources, see [Operation.SourceUses]. Source is not set yet.
	uses func(params jsonvalue.Object) []SourceUse

	decode func(params jsonvalue.Object) (any, error)
	eager  []schema.Field // The fields whose expressions are evaluated before the operation runs.
}

// define completes an operation with what follows from its parameters, the struct T: its name, its fields and its decoder.
func define[T any](description string, operation Operation) Operation {
	operation.Name, operation.Description = reflect.TypeFor[T]().Name(), description
	operation.Fields = schema.Fields[T]()
	operation.eager = slices.DeleteFunc(slices.Clone(operation.Fields), func(f schema.Field) bool {
		return f.Lazy || HasSteps(f.Form)
	})
	operation.decode = func(params jsonvalue.Object) (any, error) { return Decode[T](params) }

	return operation
}

// Decode returns parameters as the operation's struct, a [Transform] for example, as the function [Decode] does.
func (o Operation) Decode(params jsonvalue.Object) (any, error) { return o.decode(params) }

// CheckParams checks the parameters as a whole, after their fields. It returns the name of a field and what is wrong with it;
// field is "" if the mistake concerns no single field, and both are "" if there is none.
func (o Operation) CheckParams(params jsonvalue.Object) (field, message string) {
	if o.rule == nil {
		return "", ""
	}

	return o.rule(params)
}

// Operations returns all operations, in the order of the documentation.
func Operations() []Operation { return slices.Concat(DataOperations(), ControlOperations()) }

// operations are all operations by name. They are read from their structs once, since that takes longer than most steps.
var operations = sync.OnceValue(func() map[string]Operation {
	named := map[string]Operation{}
	for _, operation := range Operations() {
		named[operation.Name] = operation
	}

	return named
})

// OperationNamed returns the operation of that name.
func OperationNamed(name string) (Operation, bool) {
	found, ok := operations()[name]

	return found, ok
}

// OperationNames returns the names of all operations, in the order of the documentation.
func OperationNames() []string {
	var names []string
	for _, operation := range Operations() {
		names = append(names, operation.Name)
	}

	return names
}
