{{- define "tracklane.name" -}}
{{- printf "%s" .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- end -}}

{{- define "tracklane.labels" -}}
app.kubernetes.io/name: tracklane
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "tracklane.selector" -}}
app.kubernetes.io/name: tracklane
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}
