{{- /* The prefix of all names. 48 characters leave room for "-worker" and a pod's suffix below 63. */ -}}
{{- define "boardloop.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 48 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 48 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 48 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- /* What selects the pods of a program. Takes (list ROOT PROGRAM). */ -}}
{{- define "boardloop.selector" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: boardloop
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{- define "boardloop.labels" -}}
{{- $root := index . 0 -}}
{{ include "boardloop.selector" . }}
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/part-of: boardloop
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" }}
{{- end -}}

{{- /* Takes (list ROOT PROGRAM). */ -}}
{{- define "boardloop.image" -}}
{{- $root := index . 0 -}}
{{- $image := (index $root.Values (index . 1)).image -}}
{{- with $root.Values.image.registry }}{{ . }}/{{ end -}}
{{ $image.repository }}:{{ coalesce $image.tag $root.Values.image.tag $root.Chart.AppVersion }}
{{- end -}}

{{- /* HOST:PORT of the coordinator, for its members. */ -}}
{{- define "boardloop.serverAddress" -}}
{{- if .Values.server.enabled -}}
{{ include "boardloop.fullname" . }}-server.{{ .Release.Namespace }}.svc:{{ .Values.server.service.port }}
{{- else -}}
{{ required "server.address: HOST:PORT of the coordinator is needed with server.enabled: false" .Values.server.address }}
{{- end -}}
{{- end -}}

{{- /* The part of a pod's spec that all programs share. Takes (list ROOT PROGRAM). */ -}}
{{- define "boardloop.podSpec" -}}
{{- $root := index . 0 -}}
{{- $values := index $root.Values (index . 1) -}}
serviceAccountName: {{ include "boardloop.fullname" $root }}-{{ index . 1 }}
# No program of ours calls Kubernetes, and none reads its variables.
automountServiceAccountToken: false
enableServiceLinks: false
{{- with $root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
securityContext:
  # The images' user.
  runAsNonRoot: true
  runAsUser: 7411
  runAsGroup: 7411
  fsGroup: 7411
  # A volume with many artifacts is not walked at every start.
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: {type: RuntimeDefault}
{{- with $values.nodeSelector }}
nodeSelector: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with $values.tolerations }}
tolerations: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with $values.affinity }}
affinity: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with $values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- end -}}

{{- /* Of every container. */ -}}
{{- define "boardloop.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end -}}

{{- /* A member is alive while its metrics port answers. Its first join waits for the coordinator, so a start may take minutes.
Its readiness only paces rollouts: nobody calls a member. */ -}}
{{- define "boardloop.memberProbes" -}}
startupProbe:
  httpGet: {path: /healthz, port: metrics}
  periodSeconds: 5
  failureThreshold: 60
livenessProbe:
  httpGet: {path: /healthz, port: metrics}
  periodSeconds: 20
  timeoutSeconds: 5
  failureThreshold: 6
readinessProbe:
  httpGet: {path: /healthz, port: metrics}
  periodSeconds: 10
  timeoutSeconds: 5
{{- end -}}

{{- /* How a member finds its coordinator and becomes known to it. The identity is a folder in the volume: it is replaced as a
whole, which a mount point cannot be. */ -}}
{{- define "boardloop.memberArgs" -}}
- --server={{ include "boardloop.serverAddress" . }}
- --identity=/run/boardloop/identity
- --join-token-file=/run/secrets/boardloop/token
{{- end -}}

{{- define "boardloop.memberMounts" -}}
- {name: identity, mountPath: /run/boardloop}
- {name: join-token, mountPath: /run/secrets/boardloop, readOnly: true}
- {name: scratch, mountPath: /var/lib/boardloop}
- {name: tmp, mountPath: /tmp}
{{- end -}}

{{- /* Takes (list ROOT PROGRAM). */ -}}
{{- define "boardloop.memberVolumes" -}}
{{- $values := index (index . 0).Values (index . 1) -}}
# In memory: its key never reaches a disk.
- name: identity
  emptyDir: {medium: Memory, sizeLimit: 1Mi}
- name: join-token
  secret: {secretName: {{ $values.joinTokenSecret }}, defaultMode: 0440, items: [{key: token, path: token}]}
- name: scratch
  emptyDir: {sizeLimit: {{ $values.scratchSize }}}
- name: tmp
  emptyDir: {sizeLimit: 1Gi}
{{- end -}}
