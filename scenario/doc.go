// Package scenario is the model of the scenario language: scenarios and their steps, the operations with their parameters and
// outcomes, the binding of parameters, and the scopes in which a running scenario evaluates expressions.
//
// The package is deterministic and does no I/O, so that workflows can use it. Package expression evaluates expressions, and
// package validation parses and checks scenarios before a job runs.
package scenario
