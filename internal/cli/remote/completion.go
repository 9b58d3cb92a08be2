package remote

import (
	"context"
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

// completedArguments are the words for the first argument of commands.
var completedArguments = map[string]words{
	"jobwright run":                scenarioWords,
	"jobwright lineage":            scenarioWords,
	"jobwright status":             jobWords,
	"jobwright watch":              jobWords,
	"jobwright stop":               jobWords,
	"jobwright retry":              jobWords,
	"jobwright pause":              jobWords,
	"jobwright resume":             jobWords,
	"jobwright signal":             jobWords,
	"jobwright delete":             jobWords,
	"jobwright results":            jobWords,
	"jobwright schedules pause":    scheduleWords,
	"jobwright schedules resume":   scheduleWords,
	"jobwright schedules run":      scheduleWords,
	"jobwright schedules backfill": scheduleWords,
}

// addCompletion makes shells complete arguments and flags of commands that call an API server, with words from the server. If it
// does not respond, there are none.
func addCompletion(root *cobra.Command) {
	for _, command := range root.Commands() {
		addCompletion(command)
	}

	if complete, ok := completedArguments[root.CommandPath()]; ok {
		root.ValidArgsFunction = func(
			command *cobra.Command, before []string, _ string,
		) ([]cobra.Completion, cobra.ShellCompDirective) {
			if len(before) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}

			return completed(command, before, complete)
		}
	}

	switch root.CommandPath() {
	case "jobwright context use", "jobwright context set", "jobwright context delete":
		root.ValidArgsFunction = completeContexts
	case "jobwright run":
		addParameterCompletion(root, parameterWords)
	case "jobwright retry":
		addParameterCompletion(root, retriedParameterWords)
		addFlagCompletion(root, "from", stepWords)
	case "jobwright jobs":
		addFlagCompletion(root, "scenario", scenarioWords)
	}

	if root.Flags().Lookup("context") == nil {
		return
	}

	cobra.CheckErr(root.RegisterFlagCompletionFunc("context", completeContexts))
	addFlagCompletion(root, "app", appWords)
}

// addFlagCompletion completes the values of a flag. It ends the process if the command doesn't have the flag.
func addFlagCompletion(of *cobra.Command, flag string, complete words) {
	cobra.CheckErr(of.RegisterFlagCompletionFunc(flag, func(
		command *cobra.Command, arguments []string, _ string,
	) ([]cobra.Completion, cobra.ShellCompDirective) {
		return completed(command, arguments, complete)
	}))
}

// addParameterCompletion completes the names of parameters. The shell adds no space, because the value follows.
func addParameterCompletion(of *cobra.Command, complete words) {
	cobra.CheckErr(of.RegisterFlagCompletionFunc("parameter", func(
		command *cobra.Command, arguments []string, _ string,
	) ([]cobra.Completion, cobra.ShellCompDirective) {
		found, directive := completed(command, arguments, complete)

		return found, directive | cobra.ShellCompDirectiveNoSpace
	}))
}

// completed returns the words that complete a command line, none if the server can't be asked.
func completed(command *cobra.Command, arguments []string, complete words) ([]cobra.Completion, cobra.ShellCompDirective) {
	ctx, cancel := context.WithTimeout(command.Context(), completionTime)
	defer cancel()

	text := func(flag string) string {
		value, _ := command.Flags().GetString(flag) // All commands that call a server have these flags.

		return value
	}

	flags := remoteFlags{
		url: text("url"), keyFile: text("key-file"), context: text("context"), app: text("app"), actAs: text("act-as"),
	}
	if flags.keyFile == "-" {
		return nil, cobra.ShellCompDirectiveNoFileComp // The standard input is the terminal of the shell.
	}

	on, err := flags.connect(ctx)
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
