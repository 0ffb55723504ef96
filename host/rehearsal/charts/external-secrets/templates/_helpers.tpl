{{- define "external-secrets.name" -}}
{{ .Values.nameOverride | default .Chart.Name | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "external-secrets.fullname" -}}
{{- $name := include "external-secrets.name" . -}}
{{- if .Values.fullnameOverride -}}
{{ .Values.fullnameOverride | trunc 63 | trimSuffix "-" }}
{{- else if contains $name .Release.Name -}}
{{ .Release.Name | trunc 63 | trimSuffix "-" }}
{{- else -}}
{{ printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{/* What a component is called: given the root and what is added to the names, which is nothing for the controller. */}}
{{- define "external-secrets.component" -}}
{{ include "external-secrets.fullname" (index . 0) }}{{ index . 1 }}
{{- end }}

{{- define "external-secrets.selectorLabels" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: {{ include "external-secrets.name" $root }}{{ index . 1 }}
app.kubernetes.io/instance: {{ $root.Release.Name }}
{{- end }}

{{- define "external-secrets.labels" -}}
{{- $root := index . 0 -}}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" }}
{{ include "external-secrets.selectorLabels" . }}
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
{{- with $root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "external-secrets.serviceAccount" -}}
{{- $account := (index . 2).serviceAccount -}}
{{ $account.name | default (ternary (include "external-secrets.component" .) "default" $account.create) }}
{{- end }}

{{/* The beginning of a component, up to its container's arguments: given the root, what is added to the names, and its values. */}}
{{- define "external-secrets.deployment" -}}
{{- $root := index . 0 }}{{ $suffix := index . 1 }}{{ $values := index . 2 -}}
{{- if $values.serviceAccount.create }}
---
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ include "external-secrets.serviceAccount" . }}
  namespace: {{ $root.Release.Namespace }}
  labels:
    {{- include "external-secrets.labels" . | nindent 4 }}
  {{- with $values.serviceAccount.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
{{- if $values.podDisruptionBudget.enabled }}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ include "external-secrets.component" . }}-pdb
  namespace: {{ $root.Release.Namespace }}
  labels:
    {{- include "external-secrets.labels" . | nindent 4 }}
spec:
  minAvailable: {{ $values.podDisruptionBudget.minAvailable }}
  selector:
    matchLabels:
      {{- include "external-secrets.selectorLabels" . | nindent 6 }}
{{- end }}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "external-secrets.component" . }}
  namespace: {{ $root.Release.Namespace }}
  labels:
    {{- include "external-secrets.labels" . | nindent 4 }}
spec:
  replicas: {{ $values.replicaCount }}
  revisionHistoryLimit: {{ $values.revisionHistoryLimit }}
  selector:
    matchLabels:
      {{- include "external-secrets.selectorLabels" . | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "external-secrets.labels" . | nindent 8 }}
        {{- with $values.podLabels | default $root.Values.global.podLabels }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      {{- with $values.podAnnotations | default $root.Values.global.podAnnotations }}
      annotations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
    spec:
      {{- with $root.Values.imagePullSecrets }}
      imagePullSecrets:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      serviceAccountName: {{ include "external-secrets.serviceAccount" . }}
      automountServiceAccountToken: {{ $values.serviceAccount.automount }}
      hostNetwork: false
      {{- with $values.priorityClassName }}
      priorityClassName: {{ . | quote }}
      {{- end }}
      {{- range $key := list "nodeSelector" "affinity" "tolerations" }}
      {{- with index $values $key | default (index $root.Values.global $key) }}
      {{ $key }}:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- end }}
      {{- with $values.topologySpreadConstraints | default $root.Values.global.topologySpreadConstraints }}
      topologySpreadConstraints:
        {{- range . }}
        - {{ toYaml . | nindent 10 | trim }}
          {{- if not .labelSelector }}
          labelSelector:
            matchLabels:
              {{- include "external-secrets.selectorLabels" (list $root $suffix) | nindent 14 }}
          {{- end }}
        {{- end }}
      {{- end }}
      containers:
        - name: {{ trimPrefix "-" $suffix | default "external-secrets" }}
          {{- with $values.securityContext }}
          securityContext:
            {{- toYaml . | nindent 12 }}
          {{- end }}
          image: {{ printf "%s:%s" $values.image.repository ($values.image.tag | default $root.Chart.AppVersion) }}
          imagePullPolicy: {{ $values.image.pullPolicy }}
          {{- with $values.extraEnv }}
          env:
            {{- toYaml . | nindent 12 }}
          {{- end }}
          {{- with $values.resources }}
          resources:
            {{- toYaml . | nindent 12 }}
          {{- end }}
{{- end }}

{{/* The last arguments of all components. */}}
{{- define "external-secrets.lastArguments" -}}
{{- $values := index . 2 -}}
- --loglevel={{ $values.log.level }}
- --zap-time-encoding={{ $values.log.timeEncoding }}
{{- range $key, $value := $values.extraArgs }}
- --{{ $key }}{{ with $value }}={{ . }}{{ end }}
{{- end }}
{{- end }}

{{- define "external-secrets.ready" -}}
readinessProbe:
  httpGet:
    port: ready
    path: /readyz
  initialDelaySeconds: 20
  periodSeconds: 5
  timeoutSeconds: 5
  failureThreshold: 3
  successThreshold: 1
{{- end }}
