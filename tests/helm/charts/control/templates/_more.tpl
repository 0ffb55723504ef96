{{ define "outer" }}
  {{- include "inner" . }}
{{ end }}
{{ define "inner" }}

   {{ .Values.nope.deep.deeper }}
{{ end }}
{{ define "failing" }}{{ fail (printf "failed %s" .why) }}{{ end }}
{{ define "recurse" }}{{ include "recurse" . }}{{ end }}
