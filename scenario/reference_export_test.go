package scenario

import (
	"maps"
	"slices"

	"github.com/expr-lang/expr/builtin"
	"github.com/expr-lang/expr/conf"
)

// FunctionNames returns the names of all functions that an expression can call, as it is compiled and run.
func FunctionNames() []string {
	config := conf.CreateNew()
	for _, option := range functions() {
		option(config)
	}

	names := slices.Collect(maps.Keys(config.Functions))
	names = append(names, slices.Collect(maps.Keys(momentFunctions(Moment{})))...)

	for _, name := range builtin.Names {
		if !config.Disabled[name] && refusedFunctions[name] == "" {
			names = append(names, name)
		}
	}

	slices.Sort(names)

	return slices.Compact(names)
}
