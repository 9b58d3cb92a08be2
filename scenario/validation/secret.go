package validation

import (
	"strings"

	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/expression"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/scenario/problem"
)

// secrets checks the use of secret parameters in an expression. Their values are encrypted until a data operation passes them
// to a source, so that an expression can place but not read them.
func (c *checker) secrets(path, source string) bool {
	for _, name := range expression.NamesIn(source) {
		found, _, ok := c.names.find(name)

		switch {
		case !ok || !found.secret:
			continue
		case strings.TrimSpace(source) != name:
			c.Addf(path, problem.CodeSecretMisplaced,
				"%s is secret, so an expression can't read it; place it into a text as ${%[1]s}", name)
		case !c.placesSecrets:
			c.Addf(path, problem.CodeSecretMisplaced, "%s is secret and can't be used here; it can be a value in a query, "+
				"in bind and records, a part of an HTTPRequest, or a secret parameter of another scenario", name)
		default:
			continue
		}

		return false
	}

	return true
}

// placesSecret reports whether the value of a call's parameter contains a secret parameter of the caller.
func placesSecret(caller scenario.Scenario, value any) bool {
	for _, text := range jsonvalue.Texts("", value) {
		parsed, _ := expression.ParseTemplate(text) // A mistake was reported when the field was checked.
		for _, fragment := range parsed {
			if fragment.Kind == expression.ExpressionFragment && caller.IsSecret(strings.TrimSpace(fragment.Text)) {
				return true
			}
		}
	}

	return false
}

// secretArgument returns why a call can't pass a value for a parameter of another scenario, or "". A secret remains secret in
// the other scenario, and no other value becomes a secret there: the history already contains it.
func secretArgument(caller scenario.Scenario, parameter scenario.Parameter, value any) string {
	given := placesSecret(caller, value)

	switch {
	case given && !parameter.Secret:
		return "can't be a secret; declare it with secret: true"
	case !given && parameter.Secret:
		return "is secret; pass a secret parameter of this scenario, for example ${" + parameter.Name + "}"
	}

	return ""
}
