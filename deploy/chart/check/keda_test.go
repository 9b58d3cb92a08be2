package check

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	_ "github.com/kedacore/keda/v2/version" // Keeps KEDA in go.mod; its Go types would need all of Kubernetes' client.
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

// scaledObject is what the tests read of a ScaledObject of KEDA.
type scaledObject struct {
	metav1.ObjectMeta `json:"metadata"`

	Spec struct {
		ScaleTargetRef   struct{ Name string }
		MinReplicaCount  *int32
		IdleReplicaCount *int32
		Triggers         []trigger
	}
}

type trigger struct {
	Type              string
	Metadata          map[string]string
	AuthenticationRef *struct{ Name string }
}

// triggerAuthentication is what the tests read of a TriggerAuthentication of KEDA.
type triggerAuthentication struct {
	metav1.ObjectMeta `json:"metadata"`

	Spec struct {
		SecretTargetRef []struct{ Parameter string }
	}
}

// fileOfKEDA reads a file of KEDA's repository, of the version in go.mod.
func fileOfKEDA(t *testing.T, name string) []byte {
	t.Helper()

	dir, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/kedacore/keda/v2").Output()
	require.NoError(t, err)

	text, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), name))
	require.NoError(t, err)

	return text
}

// forbidUnknown makes unknown fields of all objects in a schema an error. A cluster would only drop them.
func forbidUnknown(schema any) {
	switch s := schema.(type) {
	case map[string]any:
		_, isObject := s["properties"].(map[string]any)
		if preserves, _ := s["x-kubernetes-preserve-unknown-fields"].(bool); isObject && !preserves && s["additionalProperties"] == nil {
			s["additionalProperties"] = false
		}

		if isIntOrString, _ := s["x-kubernetes-int-or-string"].(bool); isIntOrString {
			delete(s, "type")
		}

		for _, inner := range s {
			forbidUnknown(inner)
		}
	case []any:
		for _, inner := range s {
			forbidUnknown(inner)
		}
	}
}

// validateAsCRD validates an object with the definition of its kind in KEDA's repository.
func validateAsCRD(t *testing.T, object []byte, plural string) {
	t.Helper()

	var definition struct {
		Spec struct {
			Versions []struct {
				Schema struct{ OpenAPIV3Schema map[string]any }
			}
		}
	}

	require.NoError(t, yaml.Unmarshal(fileOfKEDA(t, "config/crd/bases/keda.sh_"+plural+".yaml"), &definition))

	schema := definition.Spec.Versions[0].Schema.OpenAPIV3Schema
	forbidUnknown(schema)
	schema["properties"].(map[string]any)["metadata"] = map[string]any{"type": "object"}

	compiler := jsonschema.NewCompiler()
	require.NoError(t, compiler.AddResource("crd.json", schema))

	compiled, err := compiler.Compile("crd.json")
	require.NoError(t, err)

	var value any

	require.NoError(t, yaml.Unmarshal(object, &value))
	require.NoError(t, compiled.Validate(value), string(object))
}

// KEDA reports an unknown parameter of a trigger when it starts to scale, and scales nothing.
func TestParametersOfTriggersExist(t *testing.T) {
	var schema struct {
		Scalers []struct {
			Type       string
			Parameters []struct {
				Name                  string
				Optional              bool
				Default               any
				CanReadFromAuthParams bool
			}
		}
	}

	require.NoError(t, json.Unmarshal(fileOfKEDA(t, "schema/generated/scalers-schema.json"), &schema))

	eachInstallation(t, func(t *testing.T, found *objects) {
		t.Helper()

		for _, scaled := range found.scaled {
			for _, used := range scaled.Spec.Triggers {
				known := map[string]bool{}

				for _, scaler := range schema.Scalers {
					if scaler.Type == used.Type {
						for _, parameter := range scaler.Parameters {
							known[parameter.Name] = true
						}
					}
				}

				require.NotEmpty(t, known, used.Type)

				for name := range used.Metadata {
					require.True(t, known[name], "the scaler %s has no parameter %s", used.Type, name)
				}

				if used.AuthenticationRef != nil {
					for _, reference := range found.credentials[0].Spec.SecretTargetRef {
						require.True(t, known[reference.Parameter], "the scaler %s has no parameter %s", used.Type, reference.Parameter)
					}
				}
			}
		}
	})
}

// A misspelt query would be an error of Prometheus, and KEDA would not scale.
func TestQueriesOfTriggersAreValid(t *testing.T) {
	t.Parallel()

	var rules []any

	for _, scaled := range install(t, "everything").scaled {
		for _, used := range scaled.Spec.Triggers {
			if used.Type == "prometheus" {
				rules = append(rules, map[string]any{"record": "trigger", "expr": used.Metadata["query"]})
			}
		}
	}

	require.NotEmpty(t, rules)

	text, err := yaml.Marshal(map[string]any{"groups": []any{map[string]any{"name": "triggers", "rules": rules}}})
	require.NoError(t, err)

	file := filepath.Join(t.TempDir(), "rules.yaml")
	require.NoError(t, os.WriteFile(file, text, 0o600))

	output, err := exec.CommandContext(t.Context(), "promtool", "check", "rules", "--lint=none", file).CombinedOutput()
	require.NoError(t, err, string(output))
}
