package remote

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/jobwright/jobwright/internal/cli"
	"github.com/jobwright/jobwright/jobservice"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/scenario/problem"
)

// parameterFlags are the flags with the parameters of a scenario.
type parameterFlags struct {
	file  string
	pairs []string
}

// values returns the parameters: those of the file, and those of the pairs in their place. The text of a pair is converted to
// the type of the scenario's parameter.
func (f parameterFlags) values(ctx context.Context, on *remote, appID, scenario string) (jsonvalue.Object, error) {
	values := jsonvalue.Object{}

	if f.file != "" {
		text, err := cli.ReadInput(f.file)
		if err == nil {
			err = json.Unmarshal(text, &values)
		}

		if err != nil {
			return nil, wrongCall("the parameters of --parameters can't be read: %w", err)
		}
	}

	if len(f.pairs) == 0 {
		return values, nil
	}

	types, err := parameterTypes(ctx, on, appID, scenario)
	if err != nil {
		return nil, err
	}

	for _, pair := range f.pairs {
		name, text, hasValue := strings.Cut(pair, "=")
		if !hasValue {
			return nil, wrongCall("-p %s: write name=value", pair)
		}

		of, isKnown := types[name]
		if !isKnown && types != nil {
			return nil, wrongCall("the scenario %s has no parameter %s; %s", scenario, name,
				problem.Suggest(name, slices.Sorted(maps.Keys(types))))
		}

		if values[name], err = parameterValue(of, text); err != nil {
			return nil, wrongCall("-p %s: %w", name, err)
		}
	}

	return values, nil
}

// parameterTypes returns the JSON Schemas of the parameters of a scenario; nil if it has mistakes, which executeJob reports.
func parameterTypes(ctx context.Context, on *remote, appID, scenario string) (map[string]map[string]any, error) {
	found, err := on.api.Scenarios(ctx, appID, false)
	if err != nil {
		return nil, err
	}

	at := slices.IndexFunc(found, func(of jobservice.Scenario) bool { return of.Name == scenario })
	if at < 0 || !found[at].Valid {
		return nil, nil //nolint:nilnil // executeJob explains it.
	}

	types := map[string]map[string]any{}

	properties, _ := found[at].Parameters["properties"].(map[string]any)
	for name, described := range properties {
		types[name], _ = described.(map[string]any)
	}

	return types, nil
}

// parameterValue converts the text of a parameter to the type that a JSON Schema describes. Texts, and values that JSON writes as
// texts, remain.
func parameterValue(of map[string]any, text string) (any, error) {
	kind, hasType := of["type"].(string)

	switch kind {
	case "string":
		return text, nil
	case "boolean":
		value, err := strconv.ParseBool(text)
		if err != nil {
			return nil, fmt.Errorf("write true or false, not %q", text)
		}

		return value, nil
	case "integer", "number", "array", "object":
		value, err := jsonvalue.Decode([]byte(text))
		if err != nil {
			return nil, fmt.Errorf("%q is no JSON of the type %s", text, kind)
		}

		return value, nil
	}

	if _, isDecimal := of["anyOf"]; isDecimal || hasType {
		return text, nil
	}

	value, err := jsonvalue.Decode([]byte(text)) // Of any type.
	if err != nil {
		return text, nil //nolint:nilerr // A text without quotes.
	}

	return value, nil
}
