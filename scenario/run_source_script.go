package scenario

import "github.com/jobwright/jobwright/scenario/jsonvalue"

// RunSourceScript are the parameters of the operation of that name.
type RunSourceScript struct {
	Source     string           `json:"source" required:"true" refers:"source" description:"The source in which to run the statements."`
	Script     string           `json:"script,omitempty" query:"source" description:"The statements, separated by semicolons. :name stands for a value of bind."`
	ScriptFile string           `json:"scriptFile,omitempty" literal:"true" description:"Instead of script: a file of the app with the statements, for example scripts/monthly.sql. A job runs the file as it was when the job started."`
	Bind       jsonvalue.Object `json:"bind,omitempty" description:"The values of the parameters :name in the statements. They are passed separately, never inserted into the text."`
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
