package check

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"testing"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/yaml"
)

// objects are the objects of an installation, by kind.
type objects struct {
	deployments []*appsv1.Deployment
	jobs        []*batchv1.Job
	services    []*corev1.Service
	configMaps  []*corev1.ConfigMap
	budgets     []*policyv1.PodDisruptionBudget
	policies    []*networkingv1.NetworkPolicy
	ingresses   []*networkingv1.Ingress
	autoscalers []*autoscalingv2.HorizontalPodAutoscaler
	scaled      []*scaledObject
	credentials []*triggerAuthentication
	monitors    []*monitoring.ServiceMonitor
	rules       []*monitoring.PrometheusRule
}

// decode adds an object to a list. A field that its type does not have is an error, as is one that occurs twice.
func decode[T any](t *testing.T, text []byte, list *[]*T) {
	t.Helper()

	object := new(T)
	require.NoError(t, yaml.UnmarshalStrict(text, object), string(text))
	*list = append(*list, object)
}

// read returns an object without checking its fields.
func read[T any](t *testing.T, text []byte) *T {
	t.Helper()

	object := new(T)
	require.NoError(t, yaml.Unmarshal(text, object), string(text))

	return object
}

// install renders the chart and decodes what a cluster would get.
func install(t *testing.T, installation string) *objects {
	t.Helper()

	manifests, err := render(t, valuesOf(t, installation))
	require.NoError(t, err)

	return objectsOf(t, manifests)
}

// objectsOf decodes manifests.
func objectsOf(t *testing.T, manifests string) *objects {
	t.Helper()

	found := &objects{}

	for document := range bytes.SplitSeq([]byte(manifests), []byte("---\n")) {
		var kind metav1.TypeMeta

		require.NoError(t, yaml.Unmarshal(document, &kind), string(document))

		switch kind.APIVersion + " " + kind.Kind {
		case " ": // Before the first object, or the notes.
		case "apps/v1 Deployment":
			decode(t, document, &found.deployments)
		case "batch/v1 Job":
			decode(t, document, &found.jobs)
		case "v1 Service":
			decode(t, document, &found.services)
		case "v1 ConfigMap":
			decode(t, document, &found.configMaps)
		case "policy/v1 PodDisruptionBudget":
			decode(t, document, &found.budgets)
		case "networking.k8s.io/v1 NetworkPolicy":
			decode(t, document, &found.policies)
		case "networking.k8s.io/v1 Ingress":
			decode(t, document, &found.ingresses)
		case "autoscaling/v2 HorizontalPodAutoscaler":
			decode(t, document, &found.autoscalers)
		case "keda.sh/v1alpha1 ScaledObject":
			validateAsCRD(t, document, "scaledobjects")
			found.scaled = append(found.scaled, read[scaledObject](t, document))
		case "keda.sh/v1alpha1 TriggerAuthentication":
			validateAsCRD(t, document, "triggerauthentications")
			found.credentials = append(found.credentials, read[triggerAuthentication](t, document))
		case "monitoring.coreos.com/v1 ServiceMonitor":
			decode(t, document, &found.monitors)
		case "monitoring.coreos.com/v1 PrometheusRule":
			decode(t, document, &found.rules)
		default:
			require.Fail(t, "an object of an unexpected kind", string(document))
		}
	}

	return found
}

// eachInstallation runs a test for each file of values.
func eachInstallation(t *testing.T, test func(t *testing.T, found *objects)) {
	t.Helper()
	t.Parallel()

	for _, installation := range installations {
		t.Run(installation, func(t *testing.T) {
			t.Parallel()
			test(t, install(t, installation))
		})
	}
}

// pods are the templates of all pods.
func (o *objects) pods() map[string]corev1.PodTemplateSpec {
	templates := map[string]corev1.PodTemplateSpec{}
	for _, deployment := range o.deployments {
		templates[deployment.Name] = deployment.Spec.Template
	}

	for _, job := range o.jobs {
		templates[job.Name] = job.Spec.Template
	}

	return templates
}

func flagOf(container corev1.Container, name string) (string, bool) {
	for _, argument := range container.Args {
		if value, found := strings.CutPrefix(argument, name+"="); found {
			return value, true
		}
	}

	return "", false
}

func variable(container corev1.Container, name string) *corev1.EnvVar {
	found := slices.IndexFunc(container.Env, func(v corev1.EnvVar) bool { return v.Name == name })
	if found < 0 {
		return nil
	}

	return &container.Env[found]
}

func TestObjectsOfEverything(t *testing.T) {
	t.Parallel()

	found := install(t, "everything")
	require.Len(t, found.deployments, 3)
	require.Len(t, found.jobs, 1)
	require.Len(t, found.services, 2)
	require.Len(t, found.configMaps, 3)
	require.Len(t, found.budgets, 3)
	require.Len(t, found.policies, 3)
	require.Len(t, found.ingresses, 1)
	require.Len(t, found.autoscalers, 1)
	require.Len(t, found.scaled, 2)
	require.Len(t, found.credentials, 1)
	require.Len(t, found.monitors, 1)
	require.Len(t, found.rules, 1)
}

func TestPodsAreRestricted(t *testing.T) {
	eachInstallation(t, func(t *testing.T, found *objects) {
		t.Helper()

		for name, template := range found.pods() {
			pod := template.Spec
			require.False(t, *pod.AutomountServiceAccountToken, name)
			require.False(t, *pod.EnableServiceLinks, name)
			require.True(t, *pod.SecurityContext.RunAsNonRoot, name)
			require.EqualValues(t, 10001, *pod.SecurityContext.RunAsUser, name)
			require.Equal(t, corev1.SeccompProfileTypeRuntimeDefault, pod.SecurityContext.SeccompProfile.Type, name)
			require.False(t, pod.HostNetwork || pod.HostPID || pod.HostIPC, name)
			require.Len(t, pod.Containers, 1, name)

			security := pod.Containers[0].SecurityContext
			require.True(t, *security.ReadOnlyRootFilesystem, name)
			require.False(t, *security.AllowPrivilegeEscalation, name)
			require.Equal(t, []corev1.Capability{"ALL"}, security.Capabilities.Drop, name)
			require.Empty(t, security.Capabilities.Add, name)
			require.NotEmpty(t, pod.Containers[0].Resources.Limits.Memory().String(), name)

			for _, volume := range pod.Volumes {
				require.Nil(t, volume.HostPath, name)
			}
		}
	})
}

// No secret is in the values of the chart, and so in no object of a release.
func TestSecretsAreReferences(t *testing.T) {
	eachInstallation(t, func(t *testing.T, found *objects) {
		t.Helper()

		for name, template := range found.pods() {
			for _, v := range template.Spec.Containers[0].Env {
				if strings.Contains(v.Name, "API_KEY") || strings.Contains(v.Name, "PASSWORD") || strings.Contains(v.Name, "SECRET") {
					require.Empty(t, v.Value, "%s: %s", name, v.Name)
					require.NotNil(t, v.ValueFrom.SecretKeyRef, "%s: %s", name, v.Name)
				}
			}
		}
	})
}

func TestSecretsOfSourcesAreOnlyInWorkers(t *testing.T) {
	t.Parallel()

	for name, template := range install(t, "cloud").pods() {
		text, err := yaml.Marshal(template)
		require.NoError(t, err)

		isWorker := template.Labels["app.kubernetes.io/component"] == "worker"
		require.Equal(t, isWorker, bytes.Contains(text, []byte("source-passwords")), name)
		require.Equal(t, !isWorker, bytes.Contains(text, []byte("caller-keys")), name)
	}
}

func TestProbes(t *testing.T) {
	eachInstallation(t, func(t *testing.T, found *objects) {
		t.Helper()

		for _, deployment := range found.deployments {
			container := deployment.Spec.Template.Spec.Containers[0]
			require.Equal(t, "/healthz", container.StartupProbe.HTTPGet.Path)
			require.Equal(t, "/healthz", container.LivenessProbe.HTTPGet.Path, "Temporal's absence is no reason for a restart")
			require.Equal(t, "/readyz", container.ReadinessProbe.HTTPGet.Path)

			for _, probe := range []*corev1.Probe{container.StartupProbe, container.LivenessProbe, container.ReadinessProbe} {
				require.True(t, slices.ContainsFunc(container.Ports, func(port corev1.ContainerPort) bool {
					return port.Name == probe.HTTPGet.Port.String()
				}), "%s probes the port %s", deployment.Name, probe.HTTPGet.Port.String())

				_, servesHTTPS := flagOf(container, "--tls-cert")
				require.Equal(t, servesHTTPS, probe.HTTPGet.Scheme == corev1.URISchemeHTTPS, deployment.Name)
			}
		}
	})
}

// A container is killed at the end of its grace period, so this must be longer than what --grace permits.
func TestPodsHaveTimeToStop(t *testing.T) {
	eachInstallation(t, func(t *testing.T, found *objects) {
		t.Helper()

		for _, deployment := range found.deployments {
			pod := deployment.Spec.Template.Spec

			grace, ok := flagOf(pod.Containers[0], "--grace")
			require.True(t, ok, deployment.Name)

			seconds, err := strconv.ParseInt(strings.TrimSuffix(grace, "s"), 10, 64)
			require.NoError(t, err)

			if pod.Containers[0].Lifecycle != nil {
				seconds += pod.Containers[0].Lifecycle.PreStop.Sleep.Seconds
			}

			require.Greater(t, *pod.TerminationGracePeriodSeconds, seconds, deployment.Name)
		}
	})
}

func TestGoStaysBelowTheMemoryLimit(t *testing.T) {
	eachInstallation(t, func(t *testing.T, found *objects) {
		t.Helper()

		for _, deployment := range found.deployments {
			container := deployment.Spec.Template.Spec.Containers[0]

			soft, err := strconv.ParseInt(variable(container, "GOMEMLIMIT").Value, 10, 64)
			require.NoError(t, err)

			limit := container.Resources.Limits.Memory().Value()
			require.Less(t, soft, limit*9/10, deployment.Name)
			require.Greater(t, soft, limit*7/10, deployment.Name)
		}
	})
}

// An object that selects nothing has no effect, and no error says so.
func TestSelectorsSelect(t *testing.T) {
	eachInstallation(t, func(t *testing.T, found *objects) {
		t.Helper()

		pods := found.pods()

		selects := func(name string, selector labels.Selector) (selected []string) {
			for pod, template := range pods {
				if selector.Matches(labels.Set(template.Labels)) {
					selected = append(selected, pod)
				}
			}

			require.NotEmpty(t, selected, name)

			return selected
		}

		of := func(selector *metav1.LabelSelector) labels.Selector {
			parsed, err := metav1.LabelSelectorAsSelector(selector)
			require.NoError(t, err)

			return parsed
		}

		for _, deployment := range found.deployments {
			require.Equal(t, []string{deployment.Name}, selects(deployment.Name, of(deployment.Spec.Selector)))

			for _, constraint := range deployment.Spec.Template.Spec.TopologySpreadConstraints {
				require.Equal(t, []string{deployment.Name}, selects(deployment.Name, of(constraint.LabelSelector)))
			}
		}

		for _, budget := range found.budgets {
			require.Equal(t, []string{budget.Name}, selects(budget.Name, of(budget.Spec.Selector)))
		}

		for _, policy := range found.policies {
			selects(policy.Name, of(&policy.Spec.PodSelector))
		}

		for _, service := range found.services {
			selected := selects(service.Name, labels.SelectorFromSet(service.Spec.Selector))

			for _, port := range service.Spec.Ports {
				require.True(t, slices.ContainsFunc(selected, func(pod string) bool {
					return slices.ContainsFunc(pods[pod].Spec.Containers[0].Ports, func(p corev1.ContainerPort) bool {
						return p.Name == port.TargetPort.String()
					})
				}), "%s: %s", service.Name, port.Name)
			}
		}

		for _, monitor := range found.monitors {
			require.True(t, slices.ContainsFunc(found.services, func(service *corev1.Service) bool {
				return of(&monitor.Spec.Selector).Matches(labels.Set(service.Labels)) &&
					service.Spec.Ports[0].Name == monitor.Spec.Endpoints[0].Port
			}), monitor.Name)
		}
	})
}

func TestEveryPodHasANetworkPolicy(t *testing.T) {
	t.Parallel()

	for _, installation := range []string{"minimal", "everything"} {
		found := install(t, installation)

		for name, template := range found.pods() {
			require.True(t, slices.ContainsFunc(found.policies, func(policy *networkingv1.NetworkPolicy) bool {
				selector, err := metav1.LabelSelectorAsSelector(&policy.Spec.PodSelector)
				require.NoError(t, err)

				return selector.Matches(labels.Set(template.Labels)) && len(policy.Spec.PolicyTypes) == 2
			}), name)
		}
	}
}

func TestMountsHaveVolumes(t *testing.T) {
	eachInstallation(t, func(t *testing.T, found *objects) {
		t.Helper()

		for name, template := range found.pods() {
			mounted := map[string]bool{}

			for _, mount := range template.Spec.Containers[0].VolumeMounts {
				mounted[mount.Name] = true

				require.True(t, slices.ContainsFunc(template.Spec.Volumes, func(volume corev1.Volume) bool {
					return volume.Name == mount.Name
				}), "%s mounts %s", name, mount.Name)
			}

			for _, volume := range template.Spec.Volumes {
				require.True(t, mounted[volume.Name], "%s does not mount %s", name, volume.Name)

				if volume.ConfigMap == nil {
					continue
				}

				// Each file of an app is an entry of its ConfigMap.
				index := slices.IndexFunc(found.configMaps, func(c *corev1.ConfigMap) bool { return c.Name == volume.ConfigMap.Name })
				require.GreaterOrEqual(t, index, 0, volume.ConfigMap.Name)

				for _, item := range volume.ConfigMap.Items {
					require.Contains(t, found.configMaps[index].Data, item.Key, item.Path)
				}

				require.Len(t, volume.ConfigMap.Items, len(found.configMaps[index].Data))
			}
		}
	})
}

// Nothing scales to zero, and a pool does not shrink below what its running steps need.
func TestWorkersScaleOnBacklogAndRunningSteps(t *testing.T) {
	eachInstallation(t, func(t *testing.T, found *objects) {
		t.Helper()

		for _, scaled := range found.scaled {
			require.GreaterOrEqual(t, *scaled.Spec.MinReplicaCount, int32(1), scaled.Name)
			require.Nil(t, scaled.Spec.IdleReplicaCount, scaled.Name)

			queues := map[string]bool{}
			last := len(scaled.Spec.Triggers) - 1

			for _, trigger := range scaled.Spec.Triggers[:last] {
				require.Equal(t, "temporal", trigger.Type)
				queues[trigger.Metadata["taskQueue"]] = true
			}

			require.NotEmpty(t, queues)
			require.Equal(t, queues["jobwright"], queues["jobwright-bulk"], "workers of the one also poll the other")

			running := scaled.Spec.Triggers[last]
			require.Equal(t, "prometheus", running.Type)
			require.Contains(t, running.Metadata["query"], "temporal_worker_task_slots_used")
			require.Equal(t, "false", running.Metadata["ignoreNullValues"], "an unknown number is not zero")

			for _, trigger := range scaled.Spec.Triggers {
				if trigger.AuthenticationRef != nil {
					require.Len(t, found.credentials, 1)
					require.Equal(t, found.credentials[0].Name, trigger.AuthenticationRef.Name)
				}
			}

			target := slices.IndexFunc(found.deployments, func(d *appsv1.Deployment) bool {
				return d.Name == scaled.Spec.ScaleTargetRef.Name
			})
			require.GreaterOrEqual(t, target, 0, scaled.Name)
			require.Nil(t, found.deployments[target].Spec.Replicas, "an upgrade would undo the scaling")
		}

		for _, autoscaler := range found.autoscalers {
			target := slices.IndexFunc(found.deployments, func(d *appsv1.Deployment) bool {
				return d.Name == autoscaler.Spec.ScaleTargetRef.Name
			})
			require.GreaterOrEqual(t, target, 0, autoscaler.Name)
			require.Nil(t, found.deployments[target].Spec.Replicas, "an upgrade would undo the scaling")
		}
	})
}

func TestSetupRunsBeforeEverythingElse(t *testing.T) {
	t.Parallel()

	job := install(t, "everything").jobs[0]
	require.Equal(t, "pre-install,pre-upgrade", job.Annotations["helm.sh/hook"])

	// What the release creates does not exist yet.
	for _, volume := range job.Spec.Template.Spec.Volumes {
		require.Nil(t, volume.ConfigMap)
	}
}

func TestRulesAreTheAlerts(t *testing.T) {
	t.Parallel()

	rules := install(t, "everything").rules[0]
	require.Len(t, rules.Spec.Groups, 1)

	for _, rule := range rules.Spec.Groups[0].Rules {
		require.True(t, strings.HasPrefix(rule.Annotations["runbook_url"],
			"https://github.com/jobwright/jobwright/blob/main/docs/how-to/respond-to-alerts.md#"), rule.Alert)
	}
}
