{{- define "jobwright.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- /* The labels that select all pods of the release. */ -}}
{{- define "jobwright.selectorLabels" -}}
app.kubernetes.io/name: {{ default .Chart.Name .Values.nameOverride }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "jobwright.labels" -}}
{{ include "jobwright.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- /* The name of the image of a dictionary with the context (root) and the fields that replace those of the image (image). */ -}}
{{- define "jobwright.imageName" -}}
{{- $own := default dict .image -}}
{{- $image := mergeOverwrite (deepCopy .root.Values.image) $own -}}
{{- if and $own.tag (not $own.digest) -}}
{{- $image = omit $image "digest" -}}
{{- end -}}
{{- $version := $image.tag | default .root.Chart.AppVersion -}}
{{- if $image.digest }}{{ printf "%s@%s" $image.repository $image.digest }}{{ else }}{{ printf "%s:%s" $image.repository $version }}{{ end -}}
{{- end -}}

{{- /* The image, of the same dictionary. */ -}}
{{- define "jobwright.image" -}}
image: {{ include "jobwright.imageName" . | quote }}
imagePullPolicy: {{ (default dict .image).pullPolicy | default .root.Values.image.pullPolicy }}
{{- end -}}

{{- /* The version of a pool in its Worker Deployment. It is also a label, by which the pods of a version are selected. */ -}}
{{- define "jobwright.buildID" -}}
{{- .deployment.buildID | default .image.tag | default (.image.digest | default "" | trimPrefix "sha256:" | trunc 12) -}}
{{- end -}}

{{- /* Mistakes that the schema of the values can't express. */ -}}
{{- define "jobwright.validate" -}}
{{- if not .Values.temporal.address -}}
{{- fail "temporal.address is required: host:port of Temporal's frontend" -}}
{{- end -}}
{{- if eq (empty .Values.results.url) (empty .Values.results.existingClaim) -}}
{{- fail "set one of results.url, the URL of a bucket, and results.existingClaim, a volume that all nodes can write to" -}}
{{- end -}}
{{- if eq (empty .Values.apps.files) (empty .Values.apps.volume) -}}
{{- fail "set one of apps.files, the files of small apps, and apps.volume, a volume with the folder of apps" -}}
{{- end -}}
{{- if and .Values.encryptPayloads (not .Values.secretKey.existingSecret) -}}
{{- fail "encryptPayloads needs secretKey.existingSecret, the Secret with the keys" -}}
{{- end -}}
{{- $oidc := .Values.apiserver.oidc -}}
{{- if ne (empty $oidc.issuer) (empty $oidc.audience) -}}
{{- fail "apiserver.oidc: issuer and audience need each other" -}}
{{- end -}}
{{- if and (or $oidc.clientID $oidc.clientSecret.existingSecret) (not (and $oidc.issuer $oidc.clientID)) -}}
{{- fail "apiserver.oidc: clientID needs issuer and audience, and clientSecret needs clientID" -}}
{{- end -}}
{{- $names := dict -}}
{{- $builds := dict -}}
{{- $polled := list -}}
{{- range .Values.workers -}}
{{- if hasKey $names .name -}}
{{- fail (printf "workers: two pools have the name %q" .name) -}}
{{- end -}}
{{- $_ := set $names .name true -}}
{{- $pool := mergeOverwrite (deepCopy $.Values.worker) (deepCopy .) -}}
{{- $polled = concat $polled $pool.taskQueues -}}
{{- if and $pool.autoscaling.enabled (not $pool.autoscaling.prometheus) -}}
{{- fail (printf "workers: pool %q has autoscaling without autoscaling.prometheus, which counts the running steps" .name) -}}
{{- end -}}
{{- if $pool.deployment.name -}}
{{- if not (or $pool.image.tag $pool.image.digest) -}}
{{- fail (printf "workers: pool %q is a version of the deployment %q and needs an image.tag or image.digest of its own; by that of the chart, an upgrade would replace its workers, and its running jobs would have none" .name $pool.deployment.name) -}}
{{- end -}}
{{- $build := include "jobwright.buildID" $pool -}}
{{- if not (regexMatch "^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$" $build) -}}
{{- fail (printf "workers: pool %q has the version %q, which is not the value of a label in Kubernetes; set deployment.buildID" .name $build) -}}
{{- end -}}
{{- $version := printf "%s:%s" $pool.deployment.name $build -}}
{{- $image := include "jobwright.imageName" (dict "root" $ "image" $pool.image) -}}
{{- if ne $image (get $builds $version | default $image) -}}
{{- fail (printf "workers: pool %q has the version %s of another pool, but another image; workers of a version have the same code" .name $version) -}}
{{- end -}}
{{- $_ := set $builds $version $image -}}
{{- else if $pool.deployment.buildID -}}
{{- fail (printf "workers: pool %q has deployment.buildID without deployment.name" .name) -}}
{{- end -}}
{{- with $pool.capacity -}}
{{- if and .minPollers .maxPollers (gt (int .minPollers) (int .maxPollers)) -}}
{{- fail (printf "workers: pool %q has a capacity.minPollers that is greater than its maxPollers" $pool.name) -}}
{{- end -}}
{{- end -}}
{{- $tls := $.Values.temporal.tls -}}
{{- if and $pool.autoscaling.enabled $tls.enabled (not $.Values.temporal.apiKey.existingSecret) (not (and $tls.existingSecret $tls.clientCertificate)) -}}
{{- fail (printf "workers: pool %q has autoscaling, but KEDA connects to Temporal by TLS only with a client's certificate or an API key" .name) -}}
{{- end -}}
{{- end -}}
{{- if not (has "jobwright" $polled) -}}
{{- fail "workers: no pool polls the task queue jobwright, on which all jobs run" -}}
{{- end -}}
{{- end -}}

{{- /* Four fifths of a quantity of memory, in bytes, for GOMEMLIMIT. */ -}}
{{- define "jobwright.memoryLimit" -}}
{{- $units := dict "" 1 "k" 1000 "M" 1000000 "G" 1000000000 "T" 1000000000000 "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 "Ti" 1099511627776 -}}
{{- $number := regexFind "^[0-9.]+" (toString .) -}}
{{- $unit := trimPrefix $number (toString .) -}}
{{- if not (hasKey $units $unit) -}}
{{- fail (printf "limits.memory: %q is not a number with one of the units k, M, G, T, Ki, Mi, Gi, Ti" (toString .)) -}}
{{- end -}}
{{- printf "%.0f" (mulf (float64 $number) (get $units $unit) 0.8) -}}
{{- end -}}

{{- /* The environment by which all processes find Temporal. */ -}}
{{- define "jobwright.temporalEnv" -}}
- name: TEMPORAL_ADDRESS
  value: {{ .Values.temporal.address | quote }}
- name: TEMPORAL_NAMESPACE
  value: {{ .Values.temporal.namespace | quote }}
{{- with .Values.temporal.apiKey }}
{{- if .existingSecret }}
- name: TEMPORAL_API_KEY
  valueFrom:
    secretKeyRef: {name: {{ .existingSecret | quote }}, key: {{ .key | quote }}}
{{- end }}
{{- end }}
{{- with .Values.temporal.tls }}
{{- if .enabled }}
- name: TEMPORAL_TLS
  value: "true"
{{- if .serverName }}
- name: TEMPORAL_TLS_SERVER_NAME
  value: {{ .serverName | quote }}
{{- end }}
{{- if .existingSecret }}
{{- if .clientCertificate }}
- name: TEMPORAL_TLS_CLIENT_CERT_PATH
  value: /etc/jobwright/temporal-tls/tls.crt
- name: TEMPORAL_TLS_CLIENT_KEY_PATH
  value: /etc/jobwright/temporal-tls/tls.key
{{- end }}
{{- if .ca }}
- name: TEMPORAL_TLS_SERVER_CA_CERT_PATH
  value: /etc/jobwright/temporal-tls/ca.crt
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "jobwright.temporalMounts" -}}
{{- if and .Values.temporal.tls.enabled .Values.temporal.tls.existingSecret -}}
- {name: temporal-tls, mountPath: /etc/jobwright/temporal-tls, readOnly: true}
{{- end -}}
{{- end -}}

{{- define "jobwright.temporalVolumes" -}}
{{- if and .Values.temporal.tls.enabled .Values.temporal.tls.existingSecret -}}
- name: temporal-tls
  secret: {secretName: {{ .Values.temporal.tls.existingSecret | quote }}, defaultMode: 0440}
{{- end -}}
{{- end -}}

{{- /* What the pod of every process has, besides its container and volumes. */ -}}
{{- define "jobwright.pod" -}}
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
{{- range . }}
  - name: {{ . | quote }}
{{- end }}
{{- end }}
{{- with .Values.serviceAccount.name }}
serviceAccountName: {{ . | quote }}
{{- end }}
automountServiceAccountToken: false
# Kubernetes would add variables for each Service, with names that apps may use for secrets.
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "jobwright.containerSecurity" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
{{- end -}}

{{- /* What the pods of API servers and workers have, of a dictionary with the context (root), their values (of) and their labels (labels). */ -}}
{{- define "jobwright.scheduling" -}}
{{- with .of.nodeSelector }}
nodeSelector: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with .of.tolerations }}
tolerations: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with .of.affinity }}
affinity: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with .of.priorityClassName }}
priorityClassName: {{ . | quote }}
{{- end }}
{{- with .of.topologySpread }}
topologySpreadConstraints:
{{- range $key, $otherwise := . }}
  - topologyKey: {{ $key }}
    maxSkew: 1
    whenUnsatisfiable: {{ $otherwise }}
    labelSelector:
      matchLabels: {{ $.labels | nindent 8 }}
    matchLabelKeys: [pod-template-hash]
{{- end }}
{{- end }}
{{- end -}}

{{- /* The arguments that API servers and workers share. */ -}}
{{- define "jobwright.args" -}}
- --apps=/etc/jobwright/apps
- --results={{ .root.Values.results.url | default "file:///var/lib/jobwright/results" }}
- --grace={{ .of.graceSeconds }}s
{{- if .root.Values.secretKey.existingSecret }}
- --secret-key-file=/etc/jobwright/secret-key/keys
{{- end }}
{{- if .root.Values.encryptPayloads }}
- --encrypt-payloads
{{- end }}
{{- if .root.Values.tls.existingSecret }}
- --tls-cert=/etc/jobwright/tls/tls.crt
- --tls-key=/etc/jobwright/tls/tls.key
{{- end }}
{{- with .of.logLevel }}
- --log-level={{ . }}
{{- end }}
{{- range .of.extraArgs }}
- {{ . | quote }}
{{- end }}
{{- end -}}

{{- define "jobwright.env" -}}
{{ include "jobwright.temporalEnv" .root }}
{{- with .root.Values.openLineage }}
{{- if .url }}
- name: JOBWRIGHT_OPENLINEAGE_URL
  value: {{ .url | quote }}
{{- with .namespace }}
- name: JOBWRIGHT_OPENLINEAGE_NAMESPACE
  value: {{ . | quote }}
{{- end }}
{{- with .apiKey }}
{{- if .existingSecret }}
- name: JOBWRIGHT_OPENLINEAGE_KEY
  valueFrom:
    secretKeyRef: {name: {{ .existingSecret | quote }}, key: {{ .key | quote }}}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- with .of.resources.limits }}
{{- if .memory }}
- name: GOMEMLIMIT
  value: {{ include "jobwright.memoryLimit" .memory | quote }}
{{- end }}
{{- end }}
{{- with .of.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "jobwright.envFrom" -}}
{{- range concat .root.Values.results.secretEnv .of.secretEnv }}
- secretRef: {name: {{ . | quote }}}
{{- end }}
{{- end -}}

{{- define "jobwright.mounts" -}}
- {name: tmp, mountPath: /tmp}
{{- range $app, $files := .root.Values.apps.files }}
- {name: {{ printf "app-%s" (include "jobwright.appName" $app) }}, mountPath: /etc/jobwright/apps/{{ $app }}, readOnly: true}
{{- end }}
{{- if .root.Values.apps.volume }}
- {name: apps, mountPath: /etc/jobwright/apps, readOnly: true}
{{- end }}
{{- if .root.Values.results.existingClaim }}
- {name: results, mountPath: /var/lib/jobwright/results}
{{- end }}
{{- if .root.Values.secretKey.existingSecret }}
- {name: secret-key, mountPath: /etc/jobwright/secret-key, readOnly: true}
{{- end }}
{{- if .root.Values.tls.existingSecret }}
- {name: tls, mountPath: /etc/jobwright/tls, readOnly: true}
{{- end }}
{{- if .of.secretFiles }}
- {name: secret-files, mountPath: /run/secrets, readOnly: true}
{{- end }}
{{- with include "jobwright.temporalMounts" .root }}
{{ . }}
{{- end }}
{{- end -}}

{{- define "jobwright.volumes" -}}
{{- range $app, $files := .root.Values.apps.files }}
- name: app-{{ include "jobwright.appName" $app }}
  configMap:
    name: {{ include "jobwright.fullname" $.root }}-app-{{ include "jobwright.appName" $app }}
    defaultMode: 0440
    items:
{{- range $path, $text := $files }}
      - {key: {{ sha256sum $path }}, path: {{ $path | quote }}}
{{- end }}
{{- end }}
{{- with .root.Values.apps.volume }}
- name: apps
{{ toYaml . | indent 2 }}
{{- end }}
{{- with .root.Values.results.existingClaim }}
- name: results
  persistentVolumeClaim: {claimName: {{ . | quote }}}
{{- end }}
{{- with .root.Values.secretKey }}
{{- if .existingSecret }}
- name: secret-key
  secret:
    secretName: {{ .existingSecret | quote }}
    defaultMode: 0440
    items:
      - {key: {{ .key | quote }}, path: keys}
{{- end }}
{{- end }}
{{- with .root.Values.tls.existingSecret }}
- name: tls
  secret: {secretName: {{ . | quote }}, defaultMode: 0440}
{{- end }}
{{- with .of.secretFiles }}
- name: secret-files
  projected:
    defaultMode: 0440
    sources:
{{- range . }}
      - secret: {name: {{ . | quote }}}
{{- end }}
{{- end }}
{{- with include "jobwright.temporalVolumes" .root }}
{{ . }}
{{- end }}
{{- end -}}

{{- /* The ID of an app in the name of an object. */ -}}
{{- define "jobwright.appName" -}}
{{- $name := lower . | replace "_" "-" | replace "." "-" -}}
{{- if eq $name . }}{{ $name }}{{ else }}{{ printf "%s-%s" $name (sha256sum . | trunc 6) }}{{ end -}}
{{- end -}}

{{- /* HTTP probes, of a dictionary with the context (root) and the name of a port (port). A slow start, for example on a cold disk, is no failure; Temporal's absence is none of the process. */ -}}
{{- define "jobwright.probes" -}}
startupProbe:
  httpGet: {path: /healthz, port: {{ .port }}{{ if .root.Values.tls.existingSecret }}, scheme: HTTPS{{ end }}}
  periodSeconds: 2
  failureThreshold: 60
livenessProbe:
  httpGet: {path: /healthz, port: {{ .port }}{{ if .root.Values.tls.existingSecret }}, scheme: HTTPS{{ end }}}
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
readinessProbe:
  httpGet: {path: /readyz, port: {{ .port }}{{ if .root.Values.tls.existingSecret }}, scheme: HTTPS{{ end }}}
  periodSeconds: 5
  timeoutSeconds: 6
  failureThreshold: 3
{{- end -}}
