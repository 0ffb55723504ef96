{{- define "ingress-nginx.name" -}}
{{ .Values.nameOverride | default .Chart.Name | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "ingress-nginx.fullname" -}}
{{- $name := include "ingress-nginx.name" . -}}
{{- if .Values.fullnameOverride -}}
{{ .Values.fullnameOverride | trunc 63 | trimSuffix "-" }}
{{- else if contains $name .Release.Name -}}
{{ .Release.Name | trunc 63 | trimSuffix "-" }}
{{- else -}}
{{ printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "ingress-nginx.controller" -}}
{{ printf "%s-%s" (include "ingress-nginx.fullname" .) .Values.controller.name | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "ingress-nginx.admission" -}}
{{ printf "%s-admission" (include "ingress-nginx.fullname" .) }}
{{- end }}

{{- define "ingress-nginx.electionID" -}}
{{ .Values.controller.electionID | default (printf "%s-leader" (include "ingress-nginx.fullname" .)) }}
{{- end }}

{{- define "ingress-nginx.selectorLabels" -}}
app.kubernetes.io/name: {{ include "ingress-nginx.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* Labels: given the root, and the component if it is part of one. */}}
{{- define "ingress-nginx.labels" -}}
{{- $root := index . 0 -}}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" }}
{{ include "ingress-nginx.selectorLabels" $root }}
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/part-of: {{ include "ingress-nginx.name" $root }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
{{- with index . 1 }}
app.kubernetes.io/component: {{ . }}
{{- end }}
{{- with $root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "ingress-nginx.serviceAccountName" -}}
{{ .Values.serviceAccount.name | default (ternary (include "ingress-nginx.fullname" .) "default" .Values.serviceAccount.create) }}
{{- end }}

{{/* An image: given the root and the values of one. */}}
{{- define "ingress-nginx.image" -}}
{{- $root := index . 0 }}{{ $image := index . 1 -}}
{{ $image.registry | default $root.Values.global.image.registry }}/{{ $image.image }}:{{ $image.tag }}
{{- with $image.digest }}@{{ . }}{{ end }}
{{- end }}
