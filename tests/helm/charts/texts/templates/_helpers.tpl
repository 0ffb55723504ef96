{{- define "texts.labels" -}}
app: {{ .Chart.Name }}
release: {{ .Release.Name | quote }}
{{- end }}
{{- define "texts.override" -}}first{{- end }}
