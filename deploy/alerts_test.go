package deploy_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v4"
)

var alertsFile = filepath.Join("prometheus", "alerts.yaml")

// promtool is a tool of Prometheus, which Debian has in its package.
func promtool(t *testing.T, arguments ...string) {
	t.Helper()

	output, err := exec.Command("promtool", arguments...).CombinedOutput()
	require.NoError(t, err, string(output))
}

func TestAlertRules(t *testing.T) {
	t.Parallel()

	promtool(t, "check", "rules", alertsFile)
	promtool(t, "test", "rules", filepath.Join("prometheus", "alerts_test.yaml"))
}

func TestEveryAlertHasARunbook(t *testing.T) {
	t.Parallel()

	var rules struct {
		Groups []struct {
			Rules []struct {
				Alert       string
				Annotations map[string]string
			}
		}
	}

	text, err := os.ReadFile(alertsFile)
	require.NoError(t, err)
	require.NoError(t, yaml.Unmarshal(text, &rules))

	runbook, err := os.ReadFile(filepath.Join(root, "docs", "how-to", "respond-to-alerts.md"))
	require.NoError(t, err)

	for _, group := range rules.Groups {
		for _, rule := range group.Rules {
			_, section, found := strings.Cut(string(runbook), "\n## "+rule.Alert+"\n")
			require.True(t, found, rule.Alert)

			section, _, _ = strings.Cut(section, "\n## ")
			require.Regexp(t, `(?s)\*\*Meaning\.\*\* .*\*\*Which \w+\.\*\* .*\*\*What to do\.\*\* `, section, rule.Alert)
			require.Regexp(t, "\n```(console|sh|sql)\n", section, "%s has no command", rule.Alert)
			require.Equal(t, "docs/how-to/respond-to-alerts.md#"+strings.ToLower(rule.Alert), rule.Annotations["runbook_url"])
		}
	}
}

// The rules and the dashboard use only metrics that docs/metrics.md describes.
func TestAlertsAndDashboardUseDocumentedMetrics(t *testing.T) {
	t.Parallel()

	documented, err := os.ReadFile(filepath.Join(root, "docs", "metrics.md"))
	require.NoError(t, err)

	rules, err := os.ReadFile(alertsFile)
	require.NoError(t, err)

	dashboard, err := os.ReadFile(filepath.Join("grafana", "jobwright.json"))
	require.NoError(t, err)
	require.True(t, json.Valid(dashboard))

	used := regexp.MustCompile(`\bjobwright_[a-z_]+`).FindAllString(string(rules)+string(dashboard), -1)
	require.NotEmpty(t, used)

	for _, name := range used {
		for _, suffix := range []string{"_count", "_bucket"} {
			name = strings.TrimSuffix(name, suffix)
		}

		require.Contains(t, string(documented), "`"+name+"`")
	}
}

// Grafana does not check the expressions of a dashboard that it imports.
func TestDashboardExpressionsAreValid(t *testing.T) {
	t.Parallel()

	var dashboard struct {
		Panels []struct {
			Targets []struct {
				Expr string `json:"expr"`
			} `json:"targets"`
		} `json:"panels"`
	}

	text, err := os.ReadFile(filepath.Join("grafana", "jobwright.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &dashboard))

	type rule struct {
		Record string `yaml:"record"`
		Expr   string `yaml:"expr"`
	}

	var rules []rule

	variables := strings.NewReplacer("$__rate_interval", "5m", "$__range", "1h", "$app", ".*")

	for _, panel := range dashboard.Panels {
		for _, target := range panel.Targets {
			rules = append(rules, rule{Record: "panel", Expr: variables.Replace(target.Expr)})
		}
	}

	require.NotEmpty(t, rules)

	encoded, err := yaml.Marshal(map[string]any{"groups": []any{map[string]any{"name": "dashboard", "rules": rules}}})
	require.NoError(t, err)

	file := filepath.Join(t.TempDir(), "dashboard.yaml")
	require.NoError(t, os.WriteFile(file, encoded, 0o600))
	promtool(t, "check", "rules", "--lint=none", file)
}
