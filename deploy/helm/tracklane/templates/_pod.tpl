{{- /* The pod of a process: `root` is the chart's own scope, `roles` what it does (nothing: all), `devicePorts` where it hears devices. */ -}}
{{- define "tracklane.pod" -}}
metadata:
  labels: {{- include "tracklane.selector" .root | nindent 4 }}
    {{- range .roles }}
    tracklane.role/{{ . }}: "yes"
    {{- end }}
    {{- with .group }}
    tracklane.group: {{ . }}
    {{- end }}
  annotations:
    # A new configuration means a new start.
    checksum/config: {{ .root.Values.config | sha256sum }}
    {{- with .root.Values.podAnnotations }}{{ toYaml . | nindent 4 }}{{ end }}
spec:
  {{- with .root.Values.imagePullSecrets }}
  imagePullSecrets: {{- toYaml . | nindent 4 }}
  {{- end }}
  automountServiceAccountToken: false
  enableServiceLinks: false
  terminationGracePeriodSeconds: {{ add .root.Values.drainSeconds .root.Values.graceSeconds 30 }}
  securityContext:
    runAsNonRoot: true
    runAsUser: 10001
    runAsGroup: 10001
    fsGroup: 10001
    seccompProfile: { type: RuntimeDefault }
  containers:
    - name: tracklane
      image: "{{ .root.Values.image.repository }}:{{ .root.Values.image.tag | default .root.Chart.AppVersion }}"
      imagePullPolicy: {{ .root.Values.image.pullPolicy }}
      args:
        - --config
        - /etc/tracklane/config.toml
        - serve
        {{- with .roles }}
        - --roles
        - {{ join "," . | quote }}
        {{- end }}
      env:
        - { name: TRACKLANE__SERVER__LISTEN, value: "0.0.0.0:8080" }
        - { name: TRACKLANE__SERVER__DATA, value: /var/lib/tracklane }
        - { name: TRACKLANE__SERVER__DRAIN_SECONDS, value: {{ .root.Values.drainSeconds | quote }} }
        - { name: TRACKLANE__SERVER__GRACE_SECONDS, value: {{ .root.Values.graceSeconds | quote }} }
        {{- with .root.Values.baseUrl }}
        - { name: TRACKLANE__SERVER__BASE_URL, value: {{ . | quote }} }
        {{- end }}
      {{- with .root.Values.secrets }}
      envFrom:
        - secretRef: { name: {{ . | quote }} }
      {{- end }}
      ports:
        - { name: http, containerPort: 8080 }
        {{- range .devicePorts }}
        - { name: {{ .name }}, containerPort: {{ .port }}, protocol: {{ .protocol | default "TCP" }} }
        {{- end }}
      startupProbe:
        httpGet: { path: /livez, port: http }
        periodSeconds: 2
        # Catching up with positions after a crash takes its time.
        failureThreshold: 150
      livenessProbe:
        httpGet: { path: /livez, port: http }
        periodSeconds: 10
      readinessProbe:
        httpGet: { path: /readyz, port: http }
        periodSeconds: 2
        timeoutSeconds: 5
      resources: {{- toYaml .root.Values.resources | nindent 8 }}
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities: { drop: [ALL] }
      volumeMounts:
        - { name: data, mountPath: /var/lib/tracklane }
        - { name: config, mountPath: /etc/tracklane, readOnly: true }
        {{- if .root.Values.masterKeySecret }}
        - { name: master-key, mountPath: /var/lib/tracklane/master.key, subPath: master.key, readOnly: true }
        {{- end }}
  volumes:
    {{- if .roles }}
    - { name: data, emptyDir: {} }
    {{- end }}
    - name: config
      configMap: { name: {{ include "tracklane.name" .root }} }
    {{- with .root.Values.masterKeySecret }}
    - name: master-key
      secret: { secretName: {{ . | quote }}, defaultMode: 0400 }
    {{- end }}
  {{- with .root.Values.nodeSelector }}
  nodeSelector: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .root.Values.tolerations }}
  tolerations: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .root.Values.affinity }}
  affinity: {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}
