package scenario

import (
	"cmp"
	"fmt"
	"regexp"

	"github.com/jobwright/jobwright/internal/schema"
	"github.com/jobwright/jobwright/scenario/expression"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// The names of the control operations.
const (
	OpIf            = "If"
	OpSwitch        = "Switch"
	OpWhile         = "While"
	OpForEach       = "ForEach"
	OpParallel      = "Parallel"
	OpTryCatch      = "TryCatch"
	OpRunScenario   = "RunScenario"
	OpSetVariable   = "SetVariable"
	OpWait          = "Wait"
	OpWaitForSignal = "WaitForSignal"
	OpReturn        = "Return"
	OpFail          = "Fail"
)

// ControlOperations returns the operations that the interpreter runs itself.
func ControlOperations() []Operation {
	control := []Operation{
		define[If]("Runs one list of steps or another.", Operation{}),
		define[Switch]("Runs the steps of the first case that matches a value.", Operation{}),
		define[While]("Repeats steps while a condition is true.", Operation{
			Outcome: schema.Fields[WhileOutcome](), rule: within("maxIterations", MaxIterations),
		}),
		define[ForEach]("Runs steps for each entry of a list, or for each record of a query.", Operation{
			Outcome: schema.Fields[ForEachOutcome](), rule: forEachRule, uses: forEachUses,
		}),
		define[Parallel]("Runs several lists of steps concurrently.", Operation{
			Outcome: schema.Fields[ParallelOutcome](), rule: within("maxConcurrency", MaxConcurrency),
		}),
		define[TryCatch]("Runs steps, and other steps if they fail, and other steps in any case.", Operation{}),
		define[RunScenario]("Runs another scenario of the app, as a child job.", Operation{}),
		define[SetVariable]("Sets a variable.", Operation{rule: setVariableRule}),
		define[Wait]("Waits for a duration, or until a time.", Operation{rule: waitRule}),
		define[WaitForSignal](
			"Waits for a signal, which the call signalJob sends. The data of the signal is the value of the step.", Operation{}),
		define[Return]("Ends the scenario successfully.", Operation{}),
		define[Fail]("Fails, and thereby ends the scenario unless the error is handled.", Operation{rule: failRule}),
	}
	for i := range control {
		control[i].Control = true
	}

	return control
}

// The names of blocks with a fixed name.
const (
	BlockThen    = "then"
	BlockElse    = "else"
	BlockDefault = "default"
	BlockSteps   = "steps"
	BlockTry     = "try"
	BlockCatch   = "catch"
	BlockFinally = "finally"
)

// The parameters of the control operations.
type (
	// If are the parameters of the operation of that name.
	If struct {
		Condition Condition `json:"condition,omitzero" required:"true" lazy:"true" description:"Whether to run then or else."`
		Then      Steps     `json:"then,omitempty" required:"true" description:"The steps to run if the condition is true."`
		Else      Steps     `json:"else,omitempty" description:"The steps to run if the condition is false."`
	}

	// Switch are the parameters of the operation of that name.
	Switch struct {
		Value   jsonvalue.Value `json:"value" required:"true" description:"The value to compare."`
		Cases   Cases           `json:"cases,omitempty" required:"true" lazy:"true" description:"The cases: objects with when, which is a value or a list of values, and steps."`
		Default Steps           `json:"default,omitempty" description:"The steps to run if no case matches."`
	}

	// Case is one case of a [Switch].
	Case struct {
		When  jsonvalue.Value `json:"when" required:"true" description:"The value of the case, or a list of values."`
		Steps Steps           `json:"steps,omitempty" required:"true" description:"The steps to run."`
	}

	// While are the parameters of the operation of that name.
	While struct {
		Condition     Condition `json:"condition,omitzero" required:"true" lazy:"true" description:"The condition, which is evaluated before each iteration."`
		Steps         Steps     `json:"steps,omitempty" required:"true" description:"The steps of each iteration."`
		MaxIterations int       `json:"maxIterations,omitempty" description:"The maximum number of iterations. If the condition is still true after them, the step fails. Default: 10,000."`
	}

	// ForEach are the parameters of the operation of that name.
	ForEach struct {
		In              List             `json:"in,omitempty" description:"The list, as an expression or a literal list."`
		Source          string           `json:"source,omitempty" refers:"source" description:"Instead of a list: the source of the query."`
		Query           string           `json:"query,omitempty" query:"source" description:"The query. Its records are stored when the loop begins, so that the steps can change the tables that it reads."`
		Bind            jsonvalue.Object `json:"bind,omitempty" description:"The values of the parameters :name in the query."`
		As              string           `json:"as,omitempty" literal:"true" description:"The name by which the steps refer to the entry or the record. Default: item."`
		Index           string           `json:"index,omitempty" literal:"true" description:"The name by which the steps refer to the number of the entry, from 0."`
		MaxConcurrency  int              `json:"maxConcurrency,omitempty" description:"The number of entries for which the steps run concurrently, up to 100. Default: 1."`
		ContinueOnError bool             `json:"continueOnError,omitempty" description:"Whether the loop continues if the steps fail for an entry. The errors are in the outcome of the loop, which does not fail."`
		Steps           Steps            `json:"steps,omitempty" required:"true" description:"The steps to run for each entry."`
	}

	// Parallel are the parameters of the operation of that name.
	Parallel struct {
		Branches       Branches `json:"branches,omitempty" required:"true" description:"The branches: an object of names, each with a list of steps."`
		MaxConcurrency int      `json:"maxConcurrency,omitempty" description:"The number of branches that run concurrently, up to 100. Default: all."`
		CollectErrors  bool     `json:"collectErrors,omitempty" description:"Whether all branches run to their end. If branches failed, the step then fails with all their errors. Otherwise, the first error stops the other branches."`
	}

	// TryCatch are the parameters of the operation of that name.
	TryCatch struct {
		Try     Steps       `json:"try,omitempty" required:"true" description:"The steps to try."`
		Ignore  IgnoreRules `json:"ignore,omitempty" lazy:"true" description:"The errors to ignore, as if the steps had succeeded: a list of rules, each an object with messageContains, stackContains or condition."`
		Catch   Steps       `json:"catch,omitempty" description:"The steps to run if a step of try fails and its error is not ignored. They can use errorMessage, errorStackTrace and error."`
		Finally Steps       `json:"finally,omitempty" description:"The steps that run in any case, after the others. If the job is stopped, they have 10 minutes."`
	}

	// IgnoreRule selects errors that a [TryCatch] ignores.
	IgnoreRule struct {
		MessageContains string    `json:"messageContains,omitempty" description:"Text that the error's message contains."`
		StackContains   string    `json:"stackContains,omitempty" description:"Text that the error's stack trace contains."`
		Condition       Condition `json:"condition,omitzero" description:"An expression that is true for the error. It can use errorMessage, errorStackTrace and error."`
	}

	// RunScenario are the parameters of the operation of that name.
	RunScenario struct {
		Scenario   string           `json:"scenario" required:"true" refers:"scenario" literal:"true" description:"The name of the scenario: the name of its file without the extension."`
		Parameters jsonvalue.Object `json:"parameters,omitempty" description:"The values of the scenario's parameters."`
		Inline     bool             `json:"inline,omitempty" literal:"true" description:"Whether the scenario runs within this job, instead of as a child job with its own ID, status and history."`
		AddResults *bool            `json:"addResults,omitempty" literal:"true" description:"Whether the results of the scenario are added to those of the job. Default: true."`
	}

	// SetVariable are the parameters of the operation of that name.
	SetVariable struct {
		Name  string          `json:"name" required:"true" literal:"true" description:"The name of the variable. A new name is in scope until the end of the list of steps."`
		Value jsonvalue.Value `json:"value" required:"true" description:"The value. The type of a variable can't change."`
		Scope string          `json:"scope,omitempty" literal:"true" description:"job (default), or app for a variable that app.yaml declares."`
	}

	// Wait are the parameters of the operation of that name.
	Wait struct {
		Duration Duration `json:"duration,omitempty" description:"How long to wait."`
		Until    string   `json:"until,omitempty" description:"Instead of a duration: the timestamp until which to wait. If it has passed, the step ends at once."`
	}

	// WaitForSignal are the parameters of the operation of that name.
	WaitForSignal struct {
		Name    string   `json:"name" required:"true" description:"The name of the signal. A signal that arrived before the step began ends the step at once."`
		Timeout Duration `json:"timeout,omitempty" description:"How long to wait before the step fails with the code signal_timed_out. Default: forever."`
		From    []string `json:"from,omitempty" refers:"access" description:"The accesses of app.yaml that may send the signal. Default: all with the right signal."`
	}

	// Return are the parameters of the operation of that name.
	Return struct {
		Value jsonvalue.Value `json:"value,omitzero" description:"The value of the scenario, up to 64 KiB. It is the value of the step that ran the scenario, and of the job."`
	}

	// Fail are the parameters of the operation of that name.
	Fail struct {
		Message string `json:"message" required:"true" description:"The message for readers."`
		Code    string `json:"code,omitempty" literal:"true" description:"The error code for programs, of lowercase letters, digits and underscores. Default: failed."`
	}
)

// The outcomes of control operations, beside [OutcomeFields].
type (
	// WhileOutcome is the outcome of a [While].
	WhileOutcome struct {
		Iterations int `json:"iterations" description:"The number of iterations."`
	}

	// ForEachOutcome is the outcome of a [ForEach].
	ForEachOutcome struct {
		Iterations int   `json:"iterations" description:"The number of entries for which the steps ran."`
		Failed     int   `json:"failed" description:"The number of entries for which the steps failed."`
		Errors     []any `json:"errors" description:"The first 100 errors, in the order of the entries: objects with index, code, message and step."`
	}

	// ParallelOutcome is the outcome of a [Parallel].
	ParallelOutcome struct {
		Failed int   `json:"failed" description:"The number of branches that failed."`
		Errors []any `json:"errors" description:"The errors: objects with branch, code, message and step."`
	}
)

// The types of parameters that only control operations have. Validation converts lists of steps to [Block]s.
type (
	// Condition is a boolean, or a text that is an expression.
	Condition jsonvalue.Value

	// List is a list, or a text that is an expression.
	List []any

	// Steps is a list of steps.
	Steps []any

	// Cases are the cases of a [Switch].
	Cases []Case

	// Branches are lists of steps by the names of their branches.
	Branches map[string]any

	// IgnoreRules are the rules of a [TryCatch].
	IgnoreRules []IgnoreRule
)

// MarshalJSON writes JSON from which [jsonvalue.Decode] restores the same value.
func (c Condition) MarshalJSON() ([]byte, error) { return jsonvalue.Value(c).MarshalJSON() }

// UnmarshalJSON reads a value with [jsonvalue.Decode].
func (c *Condition) UnmarshalJSON(data []byte) error {
	return (*jsonvalue.Value)(c).UnmarshalJSON(data)
}

// UnmarshalJSON reads a list with [jsonvalue.Decode].
func (l *List) UnmarshalJSON(data []byte) error {
	value, err := jsonvalue.Decode(data)
	*l, _ = value.([]any)

	return err
}

// Limits of control operations. Temporal allows at most 2,000 pending activities of one workflow.
const (
	MaxConcurrency       = 100           // Of a [ForEach] or a [Parallel].
	DefaultMaxIterations = 10_000        // Of a [While].
	MaxIterations        = 1_000_000_000 // Of a [While].
)

// The scopes of a [SetVariable].
const (
	ScopeJob = "job"
	ScopeApp = "app"
)

// DefaultItem is the default name of an entry in a [ForEach].
const DefaultItem = "item"

func forEachRule(params jsonvalue.Object) (field, message string) {
	_, list := params["in"]
	_, source := params["source"]
	_, query := params["query"]

	switch {
	case list && (source || query || params["bind"] != nil):
		return "in", "a loop goes over a list or over the records of a query; drop either in, or source and query"
	case !list && !source && !query:
		return "", "there is nothing to go over; give in, or source and query"
	case source != query:
		return "", "records come from a query to a source; give both source and query"
	case ItemName(params) == params["index"]:
		return "index", "the number needs another name than the entry"
	}

	return within("maxConcurrency", MaxConcurrency)(params)
}

// ItemName returns the name of an entry in the steps of a [ForEach] with these parameters.
func ItemName(params jsonvalue.Object) string {
	name, _ := params["as"].(string)

	return cmp.Or(name, DefaultItem)
}

// within returns the rule that the number of a parameter is from 1 to most.
func within(name string, most int64) func(params jsonvalue.Object) (field, message string) {
	return func(params jsonvalue.Object) (field, message string) {
		if number, given := params[name].(int64); given && (number < 1 || number > most) {
			return name, fmt.Sprintf("%s must be from 1 to %d, but is %d", name, most, number)
		}

		return "", ""
	}
}

func setVariableRule(params jsonvalue.Object) (field, message string) {
	if scope, given := params["scope"]; given && scope != ScopeJob && scope != ScopeApp {
		return "scope", fmt.Sprintf("scope must be job or app, but is %s", jsonvalue.Describe(scope))
	}

	return "", ""
}

func waitRule(params jsonvalue.Object) (field, message string) {
	until, given := params["until"]
	if _, lasts := params["duration"]; lasts == given {
		return "", "give either duration or until"
	}

	if text, isText := until.(string); isText && expression.IsLiteral(text) {
		if _, err := expression.ParseMoment(text); err != nil {
			return "until", err.Error()
		}
	}

	return "", ""
}

var failureCode = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

func failRule(params jsonvalue.Object) (field, message string) {
	if code, given := params["code"].(string); given && !failureCode.MatchString(code) {
		return "code", fmt.Sprintf("code must consist of lowercase letters, digits and _, but is %s", jsonvalue.Describe(code))
	}

	return "", ""
}
