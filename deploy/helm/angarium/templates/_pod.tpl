{{/* What every container may do: nothing but run. */}}
{{- define "angarium.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{- define "angarium.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{/* The keys of the secret that a pod gets, as files. `.databases` are the services' names. */}}
{{- define "angarium.secretVolume" -}}
- name: secrets
  secret:
    secretName: {{ .root.Values.secret.name }}
    defaultMode: 0440
    items:
      - key: {{ .root.Values.secret.keys.encryptionKey }}
        path: encryption-key
      {{- if .root.Values.secret.keys.encryptionKeyFallbacks }}
      - key: {{ .root.Values.secret.keys.encryptionKeyFallbacks }}
        path: encryption-key-fallbacks
      {{- end }}
      {{- if .redis }}
      - key: {{ .root.Values.secret.keys.redisUrl }}
        path: redis-url
      {{- end }}
      {{- range .databases }}
      - key: {{ get $.root.Values.secret.keys (printf "%sDatabaseUrl" .) }}
        path: {{ . }}-database-url
      {{- end }}
      {{- if and .oidc .root.Values.secret.keys.oidcClientSecret }}
      - key: {{ .root.Values.secret.keys.oidcClientSecret }}
        path: oidc-client-secret
      {{- end }}
- name: tmp
  emptyDir:
    sizeLimit: 64Mi
{{- with .root.Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "angarium.secretMounts" -}}
- name: secrets
  mountPath: /run/secrets/angarium
  readOnly: true
- name: tmp
  mountPath: /tmp
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "angarium.secretEnvironment" -}}
- name: ANGARIUM_ENCRYPTION_KEY_FILE
  value: /run/secrets/angarium/encryption-key
{{- if .root.Values.secret.keys.encryptionKeyFallbacks }}
- name: ANGARIUM_ENCRYPTION_KEY_FALLBACKS_FILE
  value: /run/secrets/angarium/encryption-key-fallbacks
{{- end }}
{{- if .redis }}
- name: ANGARIUM_REDIS_URL_FILE
  value: /run/secrets/angarium/redis-url
{{- end }}
{{- range .databases }}
- name: ANGARIUM_{{ upper . }}_DATABASE_URL_FILE
  value: /run/secrets/angarium/{{ . }}-database-url
{{- end }}
{{- if and .oidc .root.Values.secret.keys.oidcClientSecret }}
- name: ANGARIUM_OIDC_CLIENT_SECRET_FILE
  value: /run/secrets/angarium/oidc-client-secret
{{- end }}
{{- end -}}

{{- define "angarium.deployment" -}}
{{- $name := printf "%s-%s" (include "angarium.name" .root) .component -}}
{{- $values := get .root.Values .component -}}
{{- $secrets := dict "root" .root "databases" (list .component) "redis" true "oidc" (eq .component "gateway") -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ $name }}
  labels:
    {{- include "angarium.labels" . | nindent 4 }}
spec:
  {{- if not $values.autoscaling.enabled }}
  replicas: {{ $values.replicas }}
  {{- end }}
  revisionHistoryLimit: 5
  # A new replica is ready before an old one leaves.
  strategy:
    type: RollingUpdate
    rollingUpdate:
      maxSurge: 1
      maxUnavailable: 0
  selector:
    matchLabels:
      {{- include "angarium.selector" . | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "angarium.labels" . | nindent 8 }}
      annotations:
        checksum/settings: {{ list .root.Values.settings $values.settings | toJson | sha256sum }}
        {{- with $values.podAnnotations }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
    spec:
      serviceAccountName: {{ include "angarium.serviceAccount" .root }}
      automountServiceAccountToken: false
      enableServiceLinks: false
      {{- with .root.Values.image.pullSecrets }}
      imagePullSecrets:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      terminationGracePeriodSeconds: {{ $values.terminationGracePeriodSeconds }}
      securityContext:
        {{- include "angarium.podSecurity" . | nindent 8 }}
      {{- if .root.Values.topologySpread.enabled }}
      topologySpreadConstraints:
        {{- range list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
        - maxSkew: 1
          topologyKey: {{ . }}
          whenUnsatisfiable: {{ $.root.Values.topologySpread.whenUnsatisfiable }}
          labelSelector:
            matchLabels:
              {{- include "angarium.selector" $ | nindent 14 }}
          matchLabelKeys: [pod-template-hash]
        {{- end }}
      {{- end }}
      containers:
        - name: {{ .component }}
          image: {{ include "angarium.image" .root }}
          imagePullPolicy: {{ .root.Values.image.pullPolicy }}
          args: [{{ .component }}]
          securityContext:
            {{- include "angarium.containerSecurity" . | nindent 12 }}
          envFrom:
            - configMapRef:
                name: {{ include "angarium.name" .root }}-settings
            - configMapRef:
                name: {{ $name }}-settings
          env:
            {{- include "angarium.secretEnvironment" $secrets | nindent 12 }}
          ports:
            {{- if eq .component "gateway" }}
            - name: http
              containerPort: 8080
            {{- end }}
            - name: internal
              containerPort: 9090
          # Restarting cures a process that hangs, and nothing else: /live asks no other service.
          livenessProbe:
            httpGet: {path: /live, port: internal}
            periodSeconds: 10
            timeoutSeconds: 5
            failureThreshold: 6
          readinessProbe:
            httpGet: {path: /ready, port: internal}
            periodSeconds: 2
            timeoutSeconds: 2
            failureThreshold: 2
          startupProbe:
            httpGet: {path: /live, port: internal}
            periodSeconds: 1
            timeoutSeconds: 2
            failureThreshold: 60
          resources:
            {{- toYaml $values.resources | nindent 12 }}
          volumeMounts:
            {{- include "angarium.secretMounts" .root | nindent 12 }}
      volumes:
        {{- include "angarium.secretVolume" $secrets | nindent 8 }}
      {{- with $values.nodeSelector }}
      nodeSelector:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with $values.affinity }}
      affinity:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with $values.tolerations }}
      tolerations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
{{- end -}}

{{/* A job that runs the migrations of `.phase`, at the hooks of helm. */}}
{{- define "angarium.migration" -}}
{{- $after := eq .phase "after" -}}
{{- $secrets := dict "root" .root "databases" (list "gateway" "dispatcher" "worker") "redis" $after "oidc" false -}}
{{- $migration := .root.Values.migration -}}
apiVersion: batch/v1
kind: Job
metadata:
  name: {{ include "angarium.name" .root }}-{{ .component }}
  labels:
    {{- include "angarium.labels" . | nindent 4 }}
  annotations:
    helm.sh/hook: {{ .hooks }}
    helm.sh/hook-weight: "0"
    helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
spec:
  backoffLimit: {{ $migration.backoffLimit }}
  activeDeadlineSeconds: {{ $migration.activeDeadlineSeconds }}
  template:
    metadata:
      labels:
        {{- include "angarium.labels" . | nindent 8 }}
    spec:
      # The chart's own account does not exist yet before the first install.
      automountServiceAccountToken: false
      enableServiceLinks: false
      restartPolicy: Never
      {{- with .root.Values.image.pullSecrets }}
      imagePullSecrets:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      securityContext:
        {{- include "angarium.podSecurity" .root | nindent 8 }}
      containers:
        - name: migrate
          image: {{ include "angarium.image" .root }}
          imagePullPolicy: {{ .root.Values.image.pullPolicy }}
          {{- if $after }}
          args: [migrate, all, --phase, after, --wait, {{ $migration.waitSeconds | quote }}]
          {{- else }}
          args: [migrate, all, --phase, before]
          {{- end }}
          securityContext:
            {{- include "angarium.containerSecurity" .root | nindent 12 }}
          env:
            {{- include "angarium.secretEnvironment" $secrets | nindent 12 }}
          resources:
            {{- toYaml $migration.resources | nindent 12 }}
          volumeMounts:
            {{- include "angarium.secretMounts" .root | nindent 12 }}
      volumes:
        {{- include "angarium.secretVolume" $secrets | nindent 8 }}
{{- end -}}
