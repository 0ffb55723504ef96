{{- define "cert-manager.name" -}}
{{ .Values.nameOverride | default .Chart.Name | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "cert-manager.fullname" -}}
{{- $name := include "cert-manager.name" . -}}
{{- if .Values.fullnameOverride -}}
{{ .Values.fullnameOverride | trunc 63 | trimSuffix "-" }}
{{- else if contains $name .Release.Name -}}
{{ .Release.Name | trunc 63 | trimSuffix "-" }}
{{- else -}}
{{ printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{/* What a component is called in the cluster: given the root and the component. */}}
{{- define "cert-manager.component" -}}
{{- $root := index . 0 }}{{ $component := index . 1 -}}
{{- if eq $component "controller" -}}
{{ include "cert-manager.fullname" $root }}
{{- else -}}
{{ printf "%s-%s" (include "cert-manager.fullname" $root | trunc (sub 62 (len $component) | int) | trimSuffix "-") $component }}
{{- end }}
{{- end }}

{{/* The value of app.kubernetes.io/name: the chart's for the controller, the component's for its companions. */}}
{{- define "cert-manager.app" -}}
{{- $root := index . 0 }}{{ $component := index . 1 -}}
{{ ternary (include "cert-manager.name" $root) $component (eq $component "controller") }}
{{- end }}

{{- define "cert-manager.selectorLabels" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: {{ include "cert-manager.app" . }}
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ index . 1 | quote }}
{{- end }}

{{- define "cert-manager.labels" -}}
{{- $root := index . 0 -}}
app: {{ include "cert-manager.app" . }}
{{ include "cert-manager.selectorLabels" . }}
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" }}
{{- with $root.Values.global.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "cert-manager.serviceAccount" -}}
{{- $account := (index . 2).serviceAccount -}}
{{ $account.name | default (ternary (include "cert-manager.component" .) "default" $account.create) }}
{{- end }}

{{/* An image: given the root and the values of one. */}}
{{- define "cert-manager.image" -}}
{{- $root := index . 0 }}{{ $image := index . 1 -}}
{{- $repository := $image.repository | default (printf "%s/%s/%s" $root.Values.imageRegistry $root.Values.imageNamespace $image.name) -}}
{{ printf "%s:%s" $repository ($image.tag | default $root.Chart.AppVersion) }}
{{- end }}

{{/* A ServiceAccount: given the root, the component and its values. */}}
{{- define "cert-manager.account" -}}
{{- $root := index . 0 }}{{ $values := index . 2 -}}
{{- if $values.serviceAccount.create }}
---
apiVersion: v1
kind: ServiceAccount
automountServiceAccountToken: {{ $values.serviceAccount.automountServiceAccountToken }}
metadata:
  name: {{ include "cert-manager.serviceAccount" . }}
  namespace: {{ $root.Release.Namespace }}
  labels:
    {{- include "cert-manager.labels" . | nindent 4 }}
  {{- with $values.serviceAccount.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
{{- end }}

{{/* A binding of a role to a component's account: given the root, the component, its values, the kind of role, its name and its namespace. */}}
{{- define "cert-manager.binding" -}}
{{- $root := index . 0 }}{{ $kind := index . 3 }}{{ $name := index . 4 }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ $kind }}Binding
metadata:
  name: {{ $name }}
  {{- with index . 5 }}
  namespace: {{ . }}
  {{- end }}
  labels:
    {{- include "cert-manager.labels" . | nindent 4 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: {{ $kind }}
  name: {{ $name }}
subjects:
  - kind: ServiceAccount
    name: {{ include "cert-manager.serviceAccount" . }}
    namespace: {{ $root.Release.Namespace }}
{{- end }}

{{/* Labels and annotations of a component's pods. */}}
{{- define "cert-manager.podMetadata" -}}
{{- $root := index . 0 }}{{ $values := index . 2 -}}
labels:
  {{- include "cert-manager.labels" . | nindent 2 }}
  {{- with $values.podLabels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- $annotations := dict }}
{{- if and $root.Values.prometheus.enabled (ne (index . 1) "startupapicheck") }}
{{- $annotations = dict "prometheus.io/path" "/metrics" "prometheus.io/scrape" "true" "prometheus.io/port" "9402" }}
{{- end }}
{{- with merge (deepCopy ($values.podAnnotations | default dict)) $annotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* What the specs of all pods begin with. */}}
{{- define "cert-manager.podHead" -}}
{{- $root := index . 0 }}{{ $values := index . 2 -}}
serviceAccountName: {{ include "cert-manager.serviceAccount" . }}
enableServiceLinks: false
{{- with $root.Values.global.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $root.Values.global.priorityClassName }}
priorityClassName: {{ . | quote }}
{{- end }}
{{- with $values.securityContext }}
securityContext:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* Where pods run. */}}
{{- define "cert-manager.placement" -}}
{{- $root := index . 0 }}{{ $values := index . 2 -}}
{{- with merge (deepCopy ($values.nodeSelector | default dict)) ($root.Values.global.nodeSelector | default dict) }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- range $key := list "affinity" "tolerations" "topologySpreadConstraints" }}
{{- with index $values $key }}
{{ $key }}:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
{{- end }}

{{/* What all containers end with. */}}
{{- define "cert-manager.containerTail" -}}
{{- $values := index . 2 -}}
{{- with $values.containerSecurityContext }}
securityContext:
  {{- toYaml . | nindent 2 }}
{{- end }}
env:
  - name: POD_NAMESPACE
    valueFrom:
      fieldRef:
        fieldPath: metadata.namespace
  {{- with $values.extraEnv }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with $values.resources }}
resources:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "cert-manager.budget" -}}
{{- $root := index . 0 }}{{ $budget := (index . 2).podDisruptionBudget -}}
{{- if $budget.enabled }}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ include "cert-manager.component" . }}
  namespace: {{ $root.Release.Namespace }}
  labels:
    {{- include "cert-manager.labels" . | nindent 4 }}
spec:
  selector:
    matchLabels:
      {{- include "cert-manager.selectorLabels" . | nindent 6 }}
  {{- if hasKey $budget "maxUnavailable" }}
  maxUnavailable: {{ $budget.maxUnavailable }}
  {{- else }}
  minAvailable: {{ $budget.minAvailable | default 1 }}
  {{- end }}
{{- end }}
{{- end }}

{{/* A Deployment's beginning, up to the containers. */}}
{{- define "cert-manager.deployment" -}}
{{- $root := index . 0 }}{{ $values := index . 2 -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "cert-manager.component" . }}
  namespace: {{ $root.Release.Namespace }}
  labels:
    {{- include "cert-manager.labels" . | nindent 4 }}
spec:
  replicas: {{ $values.replicaCount }}
  selector:
    matchLabels:
      {{- include "cert-manager.selectorLabels" . | nindent 6 }}
  {{- with $values.strategy }}
  strategy:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  template:
    metadata:
      {{- include "cert-manager.podMetadata" . | nindent 6 }}
    spec:
      {{- include "cert-manager.podHead" . | nindent 6 }}
      {{- include "cert-manager.placement" . | nindent 6 }}
{{- end }}
