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
	return []Operation{
		define[If](Operation{Name: OpIf, Description: "Runs one list of steps or another.", Control: true}),
		define[Switch](Operation{
			Name: OpSwitch, Description: "Runs the steps of the first case that has the value.",
			Control: true,
		}),
		define[While](Operation{
			Name: OpWhile, Description: "Repeats steps for as long as a condition holds, which is looked at before each round.",
			Outcome: schema.Fields[WhileOutcome](), Control: true, rule: whileRule,
		}),
		define[ForEach](Operation{
			Name:        OpForEach,
			Description: "Runs steps for each entry of a list, or for each record that a query finds.",
			Outcome:     schema.Fields[ForEachOutcome](), Control: true, rule: forEachRule,
		}),
		define[Parallel](Operation{
			Name: OpParallel, Description: "Runs several lists of steps at the same time.",
			Outcome: schema.Fields[ParallelOutcome](), Control: true, rule: parallelRule,
		}),
		define[TryCatch](Operation{
			Name:        OpTryCatch,
			Description: "Runs steps, others when one of those fails, and others again at the end, whatever happened.",
			Control:     true,
		}),
		define[RunScenario](Operation{
			Name: OpRunScenario, Description: "Runs another scenario of the app, as a child job.",
			Control: true,
		}),
		define[SetVariable](Operation{
			Name: OpSetVariable, Description: "Gives a variable a value.",
			Control: true, rule: setVariableRule,
		}),
		define[Wait](Operation{
			Name: OpWait, Description: "Waits for some time, or until a moment.",
			Control: true, rule: waitRule,
		}),
		define[WaitForSignal](Operation{
			Name: OpWaitForSignal,
			Description: "Waits until a person or a system says go, by the call signalJob. " +
				"The data of the signal is the step's value.",
			Control: true,
		}),
		define[Return](Operation{
			Name: OpReturn, Description: "Ends the scenario with success.",
			Control: true,
		}),
		define[Fail](Operation{Name: OpFail, Description: "Fails, as a step does.", Control: true, rule: failRule}),
	}
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
		Condition Condition `json:"condition,omitzero" required:"true" lazy:"true" description:"What decides: an expression that gives true or false."`
		Then      Steps     `json:"then,omitempty" required:"true" description:"The steps to run when it is true."`
		Else      Steps     `json:"else,omitempty" description:"The steps to run when it is false."`
	}

	// Switch are the parameters of the operation of that name.
	Switch struct {
		Value   jsonvalue.Value `json:"value" required:"true" description:"What decides."`
		Cases   Cases           `json:"cases,omitempty" required:"true" lazy:"true" description:"A list of objects with when, a value or a list of values, and steps. The first that has the value is run."`
		Default Steps           `json:"default,omitempty" description:"The steps to run when no case has the value."`
	}

	// Case is one case of a [Switch].
	Case struct {
		When  jsonvalue.Value `json:"when" required:"true" description:"The value, or a list of values, of the case."`
		Steps Steps           `json:"steps,omitempty" required:"true" description:"The steps to run."`
	}

	// While are the parameters of the operation of that name.
	While struct {
		Condition     Condition `json:"condition,omitzero" required:"true" lazy:"true" description:"What decides before each round: an expression that gives true or false."`
		Steps         Steps     `json:"steps,omitempty" required:"true" description:"The steps of a round."`
		MaxIterations int       `json:"maxIterations,omitempty" description:"How many rounds there may be, 10,000 by default; the step fails when the condition still holds after them."`
	}

	// ForEach are the parameters of the operation of that name.
	ForEach struct {
		In              List             `json:"in,omitempty" description:"The list, an expression."`
		Source          string           `json:"source,omitempty" refers:"source" description:"In place of a list: the source to ask for records."`
		Query           string           `json:"query,omitempty" description:"The query. Its records are set aside when the loop begins, so that the steps may change the tables that it reads."`
		Bind            jsonvalue.Object `json:"bind,omitempty" description:"Values for the query's :name parameters."`
		As              string           `json:"as,omitempty" literal:"true" description:"The name of the entry or record in the steps, item by default."`
		Index           string           `json:"index,omitempty" literal:"true" description:"A name for its number, from 0."`
		MaxConcurrency  int              `json:"maxConcurrency,omitempty" description:"For how many entries the steps run at the same time: 1 by default, 100 at most."`
		ContinueOnError bool             `json:"continueOnError,omitempty" description:"Whether the others still run when the steps of one fail. The step then does not fail; errors tells of them."`
		Steps           Steps            `json:"steps,omitempty" required:"true" description:"The steps to run for each."`
	}

	// Parallel are the parameters of the operation of that name.
	Parallel struct {
		Branches       Branches `json:"branches,omitempty" required:"true" description:"An object of branch names, each with its list of steps."`
		MaxConcurrency int      `json:"maxConcurrency,omitempty" description:"How many branches run at the same time: all, by default, and 100 at most."`
		CollectErrors  bool     `json:"collectErrors,omitempty" description:"Whether every branch runs to its end. The step then fails at the end if one of them failed, with all the errors; otherwise the first error stops the others."`
	}

	// TryCatch are the parameters of the operation of that name.
	TryCatch struct {
		Try     Steps       `json:"try,omitempty" required:"true" description:"The steps to try."`
		Ignore  IgnoreRules `json:"ignore,omitempty" lazy:"true" description:"Errors to pass over, as if the steps had ended well: a list of rules, tried in order, each an object with one of messageContains, stackContains and condition."`
		Catch   Steps       `json:"catch,omitempty" description:"The steps to run when one of those failed and its error is not passed over. They read errorMessage, errorStackTrace and error."`
		Finally Steps       `json:"finally,omitempty" description:"The steps to run at the end, whatever happened, also when the job is being stopped; then they have 10 minutes."`
	}

	// IgnoreRule selects errors that a [TryCatch] ignores.
	IgnoreRule struct {
		MessageContains string    `json:"messageContains,omitempty" description:"Text that the error's message contains."`
		StackContains   string    `json:"stackContains,omitempty" description:"Text that the error's stack trace contains."`
		Condition       Condition `json:"condition,omitzero" description:"An expression that gives true; it reads errorMessage, errorStackTrace and error."`
	}

	// RunScenario are the parameters of the operation of that name.
	RunScenario struct {
		Scenario   string           `json:"scenario" required:"true" refers:"scenario" literal:"true" description:"The scenario's name: that of its file in the app's folder scenarios, without the extension."`
		Parameters jsonvalue.Object `json:"parameters,omitempty" description:"Values for the scenario's parameters."`
		Inline     bool             `json:"inline,omitempty" literal:"true" description:"Whether to run it within the job itself, and not as a child job with an ID, a status and a history of its own."`
		AddResults *bool            `json:"addResults,omitempty" literal:"true" description:"Whether its results become results of the job, as they do by default. What it returns is the step's value in any case."`
	}

	// SetVariable are the parameters of the operation of that name.
	SetVariable struct {
		Name  string          `json:"name" required:"true" literal:"true" description:"The variable's name. A name that is not known yet is known from here to the end of the list of steps."`
		Value jsonvalue.Value `json:"value" required:"true" description:"Its value. A variable keeps the type that it began with."`
		Scope string          `json:"scope,omitempty" literal:"true" description:"job, the default, or app: a variable that app.yaml declares and that outlives the job."`
	}

	// Wait are the parameters of the operation of that name.
	Wait struct {
		Duration Duration `json:"duration,omitempty" description:"How long to wait."`
		Until    string   `json:"until,omitempty" description:"In place of a duration: the moment to wait for, a timestamp. One that has passed is not waited for."`
	}

	// WaitForSignal are the parameters of the operation of that name.
	WaitForSignal struct {
		Name    string   `json:"name" required:"true" description:"The signal's name. One that came before the step began counts."`
		Timeout Duration `json:"timeout,omitempty" description:"How long to wait, for ever by default; then the step fails with signal_timed_out."`
		From    []string `json:"from,omitempty" refers:"access" description:"Who may give the signal: names from access in app.yaml; everybody with the right, by default."`
	}

	// Return are the parameters of the operation of that name.
	Return struct {
		Value jsonvalue.Value `json:"value,omitzero" description:"What the scenario returns, at most 64 KiB: the value of the step that ran it, and of the job."`
	}

	// Fail are the parameters of the operation of that name.
	Fail struct {
		Message string `json:"message" required:"true" description:"What people read."`
		Code    string `json:"code,omitempty" literal:"true" description:"What programs read, failed by default: small letters, digits and _."`
	}
)

// The outcomes of control operations, beside [OutcomeFields].
type (
	// WhileOutcome is the outcome of a [While].
	WhileOutcome struct {
		Iterations int `json:"iterations" description:"How many rounds there were."`
	}

	// ForEachOutcome is the outcome of a [ForEach].
	ForEachOutcome struct {
		Iterations int   `json:"iterations" description:"For how many entries the steps were run."`
		Failed     int   `json:"failed" description:"For how many of them they failed."`
		Errors     []any `json:"errors" description:"The first 100 errors, in the order of the entries: objects with index, code, message and step."`
	}

	// ParallelOutcome is the outcome of a [Parallel].
	ParallelOutcome struct {
		Failed int   `json:"failed" description:"How many branches failed."`
		Errors []any `json:"errors" description:"Their errors: objects with branch, code, message and step."`
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

	return within(params, "maxConcurrency", MaxConcurrency)
}

// ItemName returns the name of an entry in the steps of a [ForEach] with these parameters.
func ItemName(params jsonvalue.Object) string {
	name, _ := params["as"].(string)

	return cmp.Or(name, DefaultItem)
}

func parallelRule(params jsonvalue.Object) (field, message string) {
	return within(params, "maxConcurrency", MaxConcurrency)
}

func whileRule(params jsonvalue.Object) (field, message string) {
	return within(params, "maxIterations", MaxIterations)
}

// within requires that a number, if given, is from 1 to most.
func within(params jsonvalue.Object, name string, most int64) (field, message string) {
	if number, given := params[name].(int64); given && (number < 1 || number > most) {
		return name, fmt.Sprintf("%s must be from 1 to %d, but is %d", name, most, number)
	}

	return "", ""
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
