{{- define "shared.name" -}}umbrella-{{ .Chart.Name }}-{{ .Release.Name }}{{- end -}}
{{- define "umbrella.mark" }}{{ $_ := set .Values "marked" (printf "%v+%s" (default "" .Values.marked) (base .Template.Name)) }}{{ end -}}
