{{- define "shared.name" -}}web-{{ .Chart.Name }}{{- end -}}
{{- define "web.name" -}}{{ template "shared.name" . }}/{{ .Chart.Version }}{{- end -}}
