package scenario

import "github.com/jobwright/jobwright/scenario/jsonvalue"

// RunSourceScript are the parameters of the operation of that name.
type RunSourceScript struct {
	Source     string           `json:"source" required:"true" refers:"source" description:"The source that runs the statements."`
	Script     string           `json:"script,omitempty" description:"The statements, with a semicolon between two. A :name in them stands for a value of bind."`
	ScriptFile string           `json:"scriptFile,omitempty" literal:"true" description:"In place of a script: a file of the app with the statements, scripts/monthly.sql for example. A job runs the file as it was when the job started."`
	Bind       jsonvalue.Object `json:"bind,omitempty" description:"Values for the statements' :name parameters; they are passed beside the statements, never put into their text."`
}

// scriptRule requires one origin of the script.
func scriptRule(params jsonvalue.Object) (field, message string) {
	_, inline := params["script"]
	_, file := params["scriptFile"]

	switch {
	case inline && file:
		return "scriptFile", "the statements come from one place; drop either script or scriptFile"
	case !inline && !file:
		return "", "there is nothing to run; give a script, or a scriptFile"
	}

	return "", ""
}
