package jobservice

import (
	"maps"
	"slices"
	"strings"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// Caller is who sends a request: an app, and an access to it whose holder has proved to be the sender.
type Caller struct {
	App    *app.App
	Access app.Access
}

// Require returns an error if the caller does not have the right.
func (c Caller) Require(right app.Right) error {
	if !c.Access.Grants(right) {
		return NewError(CodeForbidden, "this apiKey does not have the right %q in app %s", right, c.App.ID)
	}

	return nil
}

// permit returns an error if the key does not permit to execute the operation, or one within it. The scenarios of the app that a
// permitted operation runs are their author's responsibility.
//
// It reads the operation as the caller sent it, before it is validated. An object with the field opName counts as an operation
// wherever it is, so that none can be hidden.
func (c Caller) permit(operation jsonvalue.Object) error {
	name, _ := operation["opName"].(string)
	if name == scenario.OpRunScenario {
		params, _ := operation["opParams"].(map[string]any)
		if called, isText := params["scenario"].(string); isText && !c.Access.MayRun(called) {
			return c.forbidden("run the scenario %q", called)
		}

		return nil // The call has no other operations; parameters are data.
	}

	var denied error

	eachOperation(map[string]any(operation), func(name string, params map[string]any) {
		called, _ := params["scenario"].(string)

		switch {
		case denied != nil:
		case name == scenario.OpRunScenario && !c.Access.MayRun(called):
			denied = c.forbidden("run the scenario %q", called)
		case name != scenario.OpRunScenario && !c.Access.MayExecute(name):
			denied = c.forbidden("execute the operation %q", name)
		}
	})

	return denied
}

// forbidden returns the error for an action that the key does not permit.
func (c Caller) forbidden(action string, arguments ...any) error {
	return NewError(CodeForbidden, "this apiKey does not permit to "+action+" in app %s; "+
		"the operator permits it in app.yaml", append(arguments, c.App.ID)...)
}

// eachOperation calls visit with the name and the parameters of each operation in a value. A look-up counts as a Transform: both
// run a query of the caller.
func eachOperation(value any, visit func(name string, params map[string]any)) {
	switch v := value.(type) {
	case string:
		if strings.Contains(v, lookUpPrefix) {
			visit(scenario.OpTransform, nil)
		}
	case jsonvalue.Object:
		eachOperation(map[string]any(v), visit)
	case map[string]any:
		if name, isOperation := v["opName"].(string); isOperation {
			params, _ := v["opParams"].(map[string]any)
			visit(name, params)
		}

		for _, field := range slices.Sorted(maps.Keys(v)) {
			eachOperation(v[field], visit)
		}
	case []any:
		for _, entry := range v {
			eachOperation(entry, visit)
		}
	}
}

// lookUpPrefix begins the look-up of a value by a query, such as $[stage]{SELECT 1}.
const lookUpPrefix = "$["
