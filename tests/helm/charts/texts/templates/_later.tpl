{{- define "texts.override" -}}second{{- end }}
