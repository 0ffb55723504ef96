{{- define "lib.hello" }}Hello, {{ .who | default "nobody" }}!{{ end }}
