package remote

import (
	"context"
	"maps"
	"time"

	"github.com/spf13/cobra"

	"github.com/jobwright/jobwright/client"
	"github.com/jobwright/jobwright/internal/cli/contexts"
)

// completionTime limits how long a shell waits for the words that complete a command line.
const completionTime = 2 * time.Second

// maxCompletedJobs is how many jobIds complete a command line, the newest ones.
const maxCompletedJobs = 50

// words returns the words that complete a command line, each with its description after a tab. arguments are those before.
type words func(ctx context.Context, on *remote, appID string, arguments []string) ([]cobra.Completion, error)

// completions are the words for flags, by their names, and those for the first argument, by "".
type completions map[string]words

// The words for the first argument of commands.
var (
	completesScenarios = completions{"": scenarioWords}
	completesJobs      = completions{"": jobWords}
	completesSchedules = completions{"": scheduleWords}
)

// addTo makes shells complete the command with words from the server of its flags. If it does not respond, there are none.
func (c completions) addTo(command *cobra.Command, flags *remoteFlags) {
	all := completions{"app": appWords}
	maps.Copy(all, c)

	cobra.CheckErr(command.RegisterFlagCompletionFunc("context", completeContexts))

	for flag, complete := range all {
		find := func(command *cobra.Command, arguments []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
			switch {
			case flag == "" && len(arguments) > 0:
				return nil, cobra.ShellCompDirectiveNoFileComp
			case flag == "parameter": // Its value follows.
				found, directive := flags.completed(command.Context(), arguments, complete)

				return found, directive | cobra.ShellCompDirectiveNoSpace
			default:
				return flags.completed(command.Context(), arguments, complete)
			}
		}

		if flag == "" {
			command.ValidArgsFunction = find
		} else {
			cobra.CheckErr(command.RegisterFlagCompletionFunc(flag, find))
		}
	}
}

// completed returns the words that complete a command line, none if the server can't be asked.
func (f remoteFlags) completed(
	ctx context.Context, arguments []string, complete words,
) ([]cobra.Completion, cobra.ShellCompDirective) {
	ctx, cancel := context.WithTimeout(ctx, completionTime)
	defer cancel()

	if f.keyFile == "-" {
		return nil, cobra.ShellCompDirectiveNoFileComp // The standard input is the terminal of the shell.
	}

	on, err := f.connect(ctx)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}

	appID, err := on.app(ctx)
	if err != nil {
		appID = ""
	}

	found, err := complete(ctx, on, appID, arguments)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}

	return found, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
}

func completeContexts(_ *cobra.Command, before []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	file, err := contexts.Open()
	if err != nil || len(before) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}

	list, err := file.Read()
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}

	var names []cobra.Completion
	for _, name := range list.Names() {
		names = append(names, cobra.CompletionWithDesc(name, list.Contexts[name].URL))
	}

	return names, cobra.ShellCompDirectiveNoFileComp
}

func appWords(ctx context.Context, on *remote, _ string, _ []string) ([]cobra.Completion, error) {
	found, err := on.api.Apps(ctx)

	var ids []cobra.Completion
	for _, app := range found {
		ids = append(ids, cobra.CompletionWithDesc(app.ID, app.Description))
	}

	return ids, err
}

func scenarioWords(ctx context.Context, on *remote, appID string, _ []string) ([]cobra.Completion, error) {
	found, err := on.api.Scenarios(ctx, appID, false)

	var names []cobra.Completion
	for _, scenario := range found {
		names = append(names, cobra.CompletionWithDesc(scenario.Name, scenario.Description))
	}

	return names, err
}

// parameterWords returns the parameters of the scenario that is the first argument, as the begin of key=value.
func parameterWords(ctx context.Context, on *remote, appID string, arguments []string) ([]cobra.Completion, error) {
	if len(arguments) == 0 {
		return nil, nil
	}

	return parametersOfScenario(ctx, on, appID, arguments[0])
}

// retriedParameterWords returns the parameters of the scenario of the job that is the first argument.
func retriedParameterWords(ctx context.Context, on *remote, appID string, arguments []string) ([]cobra.Completion, error) {
	if len(arguments) == 0 {
		return nil, nil
	}

	status, err := on.api.Current(ctx, appID, arguments[0])
	if err != nil {
		return nil, err
	}

	return parametersOfScenario(ctx, on, appID, status.Scenario)
}

// parametersOfScenario returns the parameters of a scenario as the begin of key=value, each with its description.
func parametersOfScenario(ctx context.Context, on *remote, appID, name string) ([]cobra.Completion, error) {
	found, err := on.api.Scenarios(ctx, appID, false)

	var names []cobra.Completion

	for _, scenario := range found {
		if scenario.Name != name {
			continue
		}

		properties, _ := scenario.Parameters["properties"].(map[string]any)

		for _, name := range parameterNames(scenario) {
			property, _ := properties[name].(map[string]any)
			description, _ := property["description"].(string)
			names = append(names, cobra.CompletionWithDesc(name+"=", description))
		}
	}

	return names, err
}

func jobWords(ctx context.Context, on *remote, appID string, _ []string) ([]cobra.Completion, error) {
	list, err := on.api.Jobs(ctx, client.JobsRequest{App: appID, Limit: maxCompletedJobs})
	if err != nil {
		return nil, err
	}

	var ids []cobra.Completion
	for _, entry := range list.Jobs {
		ids = append(ids, cobra.CompletionWithDesc(entry.JobID, string(entry.Status)+" "+entry.Scenario))
	}

	return ids, nil
}

// stepWords returns the steps of the job that is the first argument, and "failed".
func stepWords(ctx context.Context, on *remote, appID string, arguments []string) ([]cobra.Completion, error) {
	if len(arguments) == 0 {
		return nil, nil
	}

	status, err := on.api.Current(ctx, appID, arguments[0])
	if err != nil {
		return nil, err
	}

	paths := []cobra.Completion{cobra.CompletionWithDesc("failed", "the step that failed")}
	for _, step := range status.Steps {
		paths = append(paths, cobra.CompletionWithDesc(step.Path, step.Title))
	}

	return paths, nil
}

func scheduleWords(ctx context.Context, on *remote, appID string, _ []string) ([]cobra.Completion, error) {
	none := 0
	found, err := on.api.Schedules(ctx, client.SchedulesRequest{App: appID, Runs: &none})

	var names []cobra.Completion
	for _, of := range found {
		names = append(names, cobra.CompletionWithDesc(of.Name, of.Description))
	}

	return names, err
}
