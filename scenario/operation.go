package scenario

import (
	"slices"
	"sync"
)

// Operation defines an operation once for all: validation, the interpreter, the JSON Schema and the documentation go by
// it.
type Operation struct {
	Name        string
	Description string
	Fields      []Field
	Control     bool    // Whether the interpreter runs it; the others touch data, and each runs as an activity of its name.
	Outcome     []Field // What later expressions read of it, beside what they read of every step.

	// rule finds mistakes in the parameters as a whole, beyond those of single fields. It returns the name of a field and
	// what is wrong, or two empty strings.
	rule func(params Params) (field, message string)

	decode func(params Params) (any, error)
}

// define completes an operation with what follows from the struct T of its parameters.
func define[T any](operation Operation) Operation {
	operation.Fields = fieldsOf[T]()
	operation.decode = func(params Params) (any, error) { return Decode[T](params) }

	return operation
}

// Decode returns parameters as the operation's struct, a [Transform] for example, as the function [Decode] does.
func (o Operation) Decode(params Params) (any, error) { return o.decode(params) }

// Operations returns every operation, in the order in which documentation lists them.
func Operations() []Operation { return slices.Concat(DataOperations(), ControlOperations()) }

// operations are all operations by name, read from their structs once: that takes longer than most steps.
var operations = sync.OnceValue(func() map[string]Operation {
	named := map[string]Operation{}
	for _, operation := range Operations() {
		named[operation.Name] = operation
	}

	return named
})

// OperationNamed finds the operation of that name.
func OperationNamed(name string) (Operation, bool) {
	found, ok := operations()[name]

	return found, ok
}

// operationNames lists the operations that a step can have.
func operationNames() []string {
	var names []string
	for _, operation := range Operations() {
		names = append(names, operation.Name)
	}

	return names
}
