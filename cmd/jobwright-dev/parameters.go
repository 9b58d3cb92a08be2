package main

import (
	"fmt"
	"strings"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/source"
)

// parameters returns the parameters given by -p, each as key=value. The value of a parameter that is not a text is JSON. What the
// scenario does not accept, the API reports.
func parameters(given []string, isText func(name string) bool) (jsonvalue.Object, error) {
	read := jsonvalue.Object{}

	for _, pair := range given {
		name, text, ok := strings.Cut(pair, "=")
		if !ok || name == "" {
			return nil, fmt.Errorf("-p %s: it must be key=value, for example -p country=DE", pair)
		}

		if _, repeated := read[name]; repeated {
			return nil, fmt.Errorf("-p %s: the parameter %s is given twice", pair, name)
		}

		read[name] = text

		if !isText(name) {
			if value, err := jsonvalue.Decode([]byte(text)); err == nil {
				read[name] = value
			}
		}
	}

	return read, nil
}

// textParameters returns whether a parameter of a scenario is a text, for which -p needs no quotes.
func textParameters(apps *app.Catalog, appID, name string) func(string) bool {
	texts := map[string]bool{}

	found, err := apps.App(appID)
	if err == nil {
		document, _ := found.Scenario(name) // The API reports the mistakes.
		for _, parameter := range document.Parameters {
			texts[parameter.Name] = parameter.Type == source.Text
		}
	}

	return func(name string) bool { return texts[name] }
}
