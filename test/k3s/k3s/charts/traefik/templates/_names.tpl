{{- define "traefik.labels" -}}
app.kubernetes.io/name: traefik
app.kubernetes.io/instance: {{ .Release.Name }}-{{ .Release.Namespace }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "traefik.selector" -}}
app.kubernetes.io/name: traefik
app.kubernetes.io/instance: {{ .Release.Name }}-{{ .Release.Namespace }}
{{- end }}

{{- define "traefik.image" -}}
{{ .Values.global.systemDefaultRegistry | default .Values.image.registry }}/{{ .Values.image.repository }}:{{ .Values.image.tag }}
{{- end }}

{{- define "traefik.args" -}}
- --global.checkNewVersion=false
- --global.sendAnonymousUsage=false
- --api.dashboard=true
- --ping=true
- --metrics.prometheus=true
- --metrics.prometheus.entrypoint=metrics
- --log.level={{ .Values.logs.general.level }}
{{- with .Values.logs.general.format }}
- --log.format={{ . }}
{{- end }}
{{- if .Values.logs.access.enabled }}
- --accesslog=true
{{- with .Values.logs.access.format }}
- --accesslog.format={{ . }}
{{- end }}
{{- end }}
{{- range $name, $port := .Values.ports }}
- --entryPoints.{{ $name }}.address=:{{ $port.port }}/tcp
{{- if $port.asDefault }}
- --entryPoints.{{ $name }}.asDefault=true
{{- end }}
{{- if or (($port.tls).enabled) (((($port.http).tls).enabled)) }}
- --entryPoints.{{ $name }}.http.tls=true
{{- end }}
{{- with (($port.http).redirections) | default $port.redirections }}
{{- with .entryPoint }}
- --entryPoints.{{ $name }}.http.redirections.entryPoint.to=:{{ (index $.Values.ports .to).exposedPort }}
- --entryPoints.{{ $name }}.http.redirections.entryPoint.scheme={{ .scheme | default "https" }}
{{- if hasKey . "permanent" }}
- --entryPoints.{{ $name }}.http.redirections.entryPoint.permanent={{ .permanent }}
{{- end }}
{{- with .priority }}
- --entryPoints.{{ $name }}.http.redirections.entryPoint.priority={{ . }}
{{- end }}
{{- end }}
{{- end }}
{{- range $option := list "forwardedHeaders" "proxyProtocol" }}
{{- with index $port $option }}
{{- if .trustedIPs }}
- --entryPoints.{{ $name }}.{{ $option }}.trustedIPs={{ join "," .trustedIPs }}
{{- end }}
{{- if .insecure }}
- --entryPoints.{{ $name }}.{{ $option }}.insecure=true
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- with .Values.providers.kubernetesCRD }}
{{- if .enabled }}
- --providers.kubernetescrd
{{- range $option := list "allowCrossNamespace" "allowExternalNameServices" "allowEmptyServices" }}
{{- if index $.Values.providers.kubernetesCRD $option }}
- --providers.kubernetescrd.{{ $option }}=true
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- if .Values.providers.kubernetesIngress.enabled }}
- --providers.kubernetesingress
{{- if .Values.providers.kubernetesIngress.allowExternalNameServices }}
- --providers.kubernetesingress.allowExternalNameServices=true
{{- end }}
{{- if and .Values.service.enabled .Values.providers.kubernetesIngress.publishedService.enabled }}
- --providers.kubernetesingress.ingressendpoint.publishedservice={{ .Release.Namespace }}/{{ .Release.Name }}
{{- end }}
{{- end }}
{{- end }}
