{{/* Schemas of what databases and their backups are made of. What is named and not described is kept as it comes; what is not named is no field, as in the real ones. */}}

{{- define "cloudnative-pg.key" -}}
type: object
required: [key, name]
properties:
  key: {type: string}
  name: {type: string}
{{- end }}

{{- define "cloudnative-pg.reference" -}}
type: object
required: [name]
properties:
  name: {type: string}
{{- end }}

{{- define "cloudnative-pg.storage" -}}
type: object
properties:
  pvcTemplate: {type: object, x-kubernetes-preserve-unknown-fields: true}
  resizeInUseVolumes: {type: boolean, default: true}
  size: {type: string}
  storageClass: {type: string}
{{- end }}

{{/* Where Barman keeps backups. */}}
{{- define "cloudnative-pg.objectStore" -}}
type: object
required: [destinationPath]
properties:
  azureCredentials: {type: object, x-kubernetes-preserve-unknown-fields: true}
  data:
    type: object
    properties:
      additionalCommandArgs: {type: array, items: {type: string}}
      compression: {type: string, enum: [bzip2, gzip, lz4, snappy]}
      encryption: {type: string, enum: [AES256, "aws:kms"]}
      immediateCheckpoint: {type: boolean}
      jobs: {type: integer, format: int32, minimum: 1}
  destinationPath: {type: string, minLength: 1}
  endpointCA:
    {{- include "cloudnative-pg.key" . | nindent 4 }}
  endpointURL: {type: string}
  googleCredentials: {type: object, x-kubernetes-preserve-unknown-fields: true}
  historyTags: {type: object, additionalProperties: {type: string}}
  s3Credentials:
    type: object
    properties:
      inheritFromIAMRole: {type: boolean}
      {{- range $name := list "accessKeyId" "secretAccessKey" "region" "sessionToken" }}
      {{ $name }}:
        {{- include "cloudnative-pg.key" $ | nindent 8 }}
      {{- end }}
  serverName: {type: string}
  tags: {type: object, additionalProperties: {type: string}}
  wal:
    type: object
    properties:
      archiveAdditionalCommandArgs: {type: array, items: {type: string}}
      compression: {type: string, enum: [bzip2, gzip, lz4, snappy, xz, zstd]}
      encryption: {type: string, enum: [AES256, "aws:kms"]}
      maxParallel: {type: integer, minimum: 1}
      restoreAdditionalCommandArgs: {type: array, items: {type: string}}
{{- end }}

{{- define "cloudnative-pg.initdb" -}}
type: object
properties:
  builtinLocale: {type: string}
  dataChecksums: {type: boolean}
  database: {type: string}
  encoding: {type: string}
  icuLocale: {type: string}
  icuRules: {type: string}
  import: {type: object, x-kubernetes-preserve-unknown-fields: true}
  locale: {type: string}
  localeCType: {type: string}
  localeCollate: {type: string}
  localeProvider: {type: string}
  options: {type: array, items: {type: string}}
  owner: {type: string}
  {{- range $name := list "Application" "" "Template" }}
  postInit{{ $name }}SQL: {type: array, items: {type: string}}
  postInit{{ $name }}SQLRefs: {type: object, x-kubernetes-preserve-unknown-fields: true}
  {{- end }}
  secret:
    {{- include "cloudnative-pg.reference" . | nindent 4 }}
  walSegmentSize: {type: integer, minimum: 1, maximum: 1024}
{{- end }}

{{- define "cloudnative-pg.postgresql" -}}
type: object
properties:
  enableAlterSystem: {type: boolean}
  extensions: {type: array, items: {type: object, x-kubernetes-preserve-unknown-fields: true}}
  ldap: {type: object, x-kubernetes-preserve-unknown-fields: true}
  parameters: {type: object, additionalProperties: {type: string}}
  pg_hba: {type: array, items: {type: string}}
  pg_ident: {type: array, items: {type: string}}
  promotionTimeout: {type: integer, format: int32}
  shared_preload_libraries: {type: array, items: {type: string}}
  syncReplicaElectionConstraint:
    type: object
    required: [enabled]
    properties:
      enabled: {type: boolean}
      nodeLabelsAntiAffinity: {type: array, items: {type: string}}
  synchronous:
    type: object
    required: [method, number]
    properties:
      dataDurability: {type: string, enum: [required, preferred]}
      failoverQuorum: {type: boolean}
      maxStandbyNamesFromCluster: {type: integer}
      method: {type: string, enum: [any, first]}
      number: {type: integer, x-kubernetes-validations: [{rule: self > 0, message: The number of synchronous replicas should be greater than zero}]}
      standbyNamesPost: {type: array, items: {type: string}}
      standbyNamesPre: {type: array, items: {type: string}}
{{- end }}

{{- define "cloudnative-pg.affinity" -}}
type: object
properties:
  additionalPodAffinity: {type: object, x-kubernetes-preserve-unknown-fields: true}
  additionalPodAntiAffinity: {type: object, x-kubernetes-preserve-unknown-fields: true}
  enablePodAntiAffinity: {type: boolean}
  nodeAffinity: {type: object, x-kubernetes-preserve-unknown-fields: true}
  nodeSelector: {type: object, additionalProperties: {type: string}}
  podAntiAffinityType: {type: string}
  tolerations: {type: array, items: {type: object, x-kubernetes-preserve-unknown-fields: true}}
  topologyKey: {type: string}
{{- end }}

{{- define "cloudnative-pg.clusterSpec" -}}
type: object
required: [instances]
properties:
  {{- range $name := list "certificates" "ephemeralVolumeSource" "inheritedMetadata" "managed" "nodeMaintenanceWindow" "podSecurityContext" "primaryLease" "probes" "projectedVolumeTemplate" "resources" "securityContext" "serviceAccountTemplate" "ephemeralVolumesSizeLimit" }}
  {{ $name }}: {type: object, x-kubernetes-preserve-unknown-fields: true}
  {{- end }}
  {{- range $name := list "env" "envFrom" "externalClusters" "imagePullSecrets" "plugins" "podSelectorRefs" "tablespaces" "topologySpreadConstraints" }}
  {{ $name }}: {type: array, items: {type: object, x-kubernetes-preserve-unknown-fields: true}}
  {{- end }}
  {{- range $name := list "description" "imageName" "imagePullPolicy" "priorityClassName" "schedulerName" }}
  {{ $name }}: {type: string}
  {{- end }}
  affinity:
    {{- include "cloudnative-pg.affinity" . | nindent 4 }}
  backup:
    type: object
    properties:
      barmanObjectStore:
        {{- include "cloudnative-pg.objectStore" . | nindent 8 }}
      retentionPolicy: {type: string, pattern: '^[1-9][0-9]*[dwm]$'}
      target: {type: string, enum: [primary, prefer-standby], default: prefer-standby}
      volumeSnapshot: {type: object, x-kubernetes-preserve-unknown-fields: true}
  bootstrap:
    type: object
    properties:
      initdb:
        {{- include "cloudnative-pg.initdb" . | nindent 8 }}
      pg_basebackup: {type: object, required: [source], properties: {source: {type: string}}, x-kubernetes-preserve-unknown-fields: true}
      recovery: {type: object, x-kubernetes-preserve-unknown-fields: true}
  enablePDB: {type: boolean, default: true}
  enableSuperuserAccess: {type: boolean, default: false}
  failoverDelay: {type: integer, format: int32, default: 0}
  imageCatalogRef:
    type: object
    required: [kind, major, name]
    properties:
      apiGroup: {type: string}
      kind: {type: string}
      major: {type: integer}
      name: {type: string}
  instances: {type: integer, minimum: 1, default: 1}
  livenessProbeTimeout: {type: integer, format: int32}
  logLevel: {type: string, enum: [error, warning, info, debug, trace], default: info}
  maxSyncReplicas: {type: integer, minimum: 0, default: 0}
  minSyncReplicas: {type: integer, minimum: 0, default: 0}
  monitoring:
    type: object
    x-kubernetes-preserve-unknown-fields: true
    properties:
      disableDefaultQueries: {type: boolean, default: false}
      enablePodMonitor: {type: boolean, default: false}
  postgresGID: {type: integer, format: int64, default: 26}
  postgresUID: {type: integer, format: int64, default: 26}
  postgresql:
    {{- include "cloudnative-pg.postgresql" . | nindent 4 }}
  primaryUpdateMethod: {type: string, enum: [switchover, restart], default: restart}
  primaryUpdateStrategy: {type: string, enum: [unsupervised, supervised], default: unsupervised}
  replica: {type: object, required: [source], properties: {source: {type: string}}, x-kubernetes-preserve-unknown-fields: true}
  replicationSlots:
    type: object
    default: {highAvailability: {enabled: true}}
    properties:
      highAvailability:
        type: object
        default: {enabled: true}
        properties:
          enabled: {type: boolean, default: true}
          slotPrefix: {type: string, default: _cnpg_, pattern: '^[0-9a-z_]*$'}
          synchronizeLogicalDecoding: {type: boolean}
      synchronizeReplicas:
        type: object
        required: [enabled]
        properties:
          enabled: {type: boolean, default: true}
          excludePatterns: {type: array, items: {type: string}}
      updateInterval: {type: integer, minimum: 1, default: 30}
  seccompProfile: {type: object, required: [type], properties: {localhostProfile: {type: string}, type: {type: string}}}
  serviceAccountName: {type: string, pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$'}
  smartShutdownTimeout: {type: integer, format: int32, default: 180}
  startDelay: {type: integer, format: int32, default: 3600}
  stopDelay: {type: integer, format: int32, default: 1800}
  storage:
    {{- include "cloudnative-pg.storage" . | nindent 4 }}
  superuserSecret:
    {{- include "cloudnative-pg.reference" . | nindent 4 }}
  switchoverDelay: {type: integer, format: int32, default: 3600}
  walStorage:
    {{- include "cloudnative-pg.storage" . | nindent 4 }}
{{- end }}

{{- define "cloudnative-pg.clusterStatus" -}}
type: object
x-kubernetes-preserve-unknown-fields: true
properties:
  conditions: {type: array, items: {type: object, x-kubernetes-preserve-unknown-fields: true}}
  currentPrimary: {type: string}
  instances: {type: integer}
  phase: {type: string}
  phaseReason: {type: string}
  readyInstances: {type: integer}
  selector: {type: string}
{{- end }}

{{- define "cloudnative-pg.backupSpec" -}}
type: object
required: [cluster]
properties:
  cluster:
    {{- include "cloudnative-pg.reference" . | nindent 4 }}
  method: {type: string, enum: [barmanObjectStore, volumeSnapshot, plugin], default: barmanObjectStore}
  online: {type: boolean}
  onlineConfiguration:
    type: object
    properties:
      immediateCheckpoint: {type: boolean}
      waitForArchive: {type: boolean, default: true}
  pluginConfiguration:
    type: object
    required: [name]
    properties:
      name: {type: string}
      parameters: {type: object, additionalProperties: {type: string}}
  target: {type: string, enum: [primary, prefer-standby]}
{{- end }}

{{- define "cloudnative-pg.backupStatus" -}}
type: object
x-kubernetes-preserve-unknown-fields: true
properties:
  error: {type: string}
  phase: {type: string}
{{- end }}

{{- define "cloudnative-pg.scheduledbackupSpec" -}}
type: object
required: [cluster, schedule]
properties:
  backupOwnerReference: {type: string, enum: [none, self, cluster], default: none}
  immediate: {type: boolean}
  schedule: {type: string}
  suspend: {type: boolean}
  {{- $backup := include "cloudnative-pg.backupSpec" . | fromYaml }}
  {{- $cluster := merge (dict "x-kubernetes-validations" (list (dict "rule" "self == oldSelf" "message" "cluster reference is immutable after creation"))) $backup.properties.cluster }}
  {{- merge (dict "cluster" $cluster) $backup.properties | toYaml | nindent 2 }}
{{- end }}

{{- define "cloudnative-pg.scheduledbackupStatus" -}}
type: object
properties:
  error: {type: string}
  lastCheckTime: {type: string, format: date-time}
  lastScheduleTime: {type: string, format: date-time}
  nextScheduleTime: {type: string, format: date-time}
{{- end }}

{{- define "cloudnative-pg.poolerSpec" -}}
type: object
required: [cluster, pgbouncer]
properties:
  cluster:
    {{- include "cloudnative-pg.reference" . | nindent 4 }}
  deploymentStrategy: {type: object, x-kubernetes-preserve-unknown-fields: true}
  instances: {type: integer, format: int32, default: 1}
  monitoring: {type: object, x-kubernetes-preserve-unknown-fields: true}
  pgbouncer: {type: object, x-kubernetes-preserve-unknown-fields: true}
  serviceAccountName: {type: string}
  serviceTemplate: {type: object, x-kubernetes-preserve-unknown-fields: true}
  template: {type: object, x-kubernetes-preserve-unknown-fields: true}
  type: {type: string, enum: [rw, ro, r], default: rw}
{{- end }}

{{- define "cloudnative-pg.poolerStatus" -}}
type: object
x-kubernetes-preserve-unknown-fields: true
properties:
  instances: {type: integer, format: int32}
  phase: {type: string}
{{- end }}
