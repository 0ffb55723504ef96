{{/* Schemas of what stores and external secrets are made of. Of the providers only AWS is described, and others are kept as they come. */}}

{{- define "external-secrets.conditions" -}}
type: array
items:
  type: object
  required: [status, type]
  properties:
    lastTransitionTime: {type: string, format: date-time}
    message: {type: string}
    reason: {type: string}
    status: {type: string}
    type: {type: string}
{{- end }}

{{/* A key of a Secret. */}}
{{- define "external-secrets.selector" -}}
type: object
properties:
  key: {type: string, minLength: 1, maxLength: 253, pattern: '^[-._a-zA-Z0-9]+$'}
  name: {type: string, minLength: 1, maxLength: 253, pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$'}
  namespace: {type: string, minLength: 1, maxLength: 63, pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$'}
{{- end }}

{{- define "external-secrets.storeSpec" -}}
type: object
required: [provider]
properties:
  conditions:
    type: array
    items:
      type: object
      properties:
        namespaces: {type: array, items: {type: string, minLength: 1, maxLength: 63}}
        namespaceRegexes: {type: array, items: {type: string}}
        namespaceSelector: {type: object, x-kubernetes-preserve-unknown-fields: true}
  controller: {type: string}
  refreshInterval: {type: integer}
  retrySettings:
    type: object
    properties:
      maxRetries: {type: integer, format: int32}
      retryInterval: {type: string}
  provider:
    type: object
    minProperties: 1
    maxProperties: 1
    x-kubernetes-preserve-unknown-fields: true
    properties:
      aws:
        type: object
        required: [region, service]
        properties:
          secretsManager: {type: object, x-kubernetes-preserve-unknown-fields: true}
          sessionTags: {type: array, items: {type: object, x-kubernetes-preserve-unknown-fields: true}}
          transitiveTagKeys: {type: array, items: {type: string}}
          region: {type: string}
          service: {type: string, enum: [SecretsManager, ParameterStore]}
          role: {type: string}
          externalID: {type: string}
          prefix: {type: string}
          additionalRoles: {type: array, items: {type: string}}
          auth:
            type: object
            properties:
              jwt:
                type: object
                properties:
                  serviceAccountRef:
                    type: object
                    required: [name]
                    properties:
                      audiences: {type: array, items: {type: string}}
                      name: {type: string, minLength: 1, maxLength: 253}
                      namespace: {type: string, minLength: 1, maxLength: 63}
              secretRef:
                type: object
                properties:
                  accessKeyIDSecretRef:
                    {{- include "external-secrets.selector" . | nindent 20 }}
                  secretAccessKeySecretRef:
                    {{- include "external-secrets.selector" . | nindent 20 }}
                  sessionTokenSecretRef:
                    {{- include "external-secrets.selector" . | nindent 20 }}
{{- end }}

{{- define "external-secrets.storeStatus" -}}
type: object
properties:
  capabilities: {type: string}
  conditions:
    {{- include "external-secrets.conditions" . | nindent 4 }}
{{- end }}

{{/* Which store is asked. */}}
{{- define "external-secrets.storeRef" -}}
type: object
properties:
  kind: {type: string, enum: [SecretStore, ClusterSecretStore]}
  name: {type: string, minLength: 1, maxLength: 253, pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$'}
{{- end }}

{{- define "external-secrets.remoteRef" -}}
type: object
required: [key]
properties:
  conversionStrategy: {type: string, enum: [Default, Unicode], default: Default}
  decodingStrategy: {type: string, enum: [Auto, Base64, Base64URL, None], default: None}
  metadataPolicy: {type: string, enum: [None, Fetch], default: None}
  key: {type: string}
  property: {type: string}
  version: {type: string}
{{- end }}

{{- define "external-secrets.externalSecretSpec" -}}
type: object
properties:
  data:
    type: array
    items:
      type: object
      required: [remoteRef, secretKey]
      properties:
        secretKey: {type: string, minLength: 1, maxLength: 253, pattern: '^[-._a-zA-Z0-9]+$'}
        remoteRef:
          {{- include "external-secrets.remoteRef" . | nindent 10 }}
        sourceRef: {type: object, x-kubernetes-preserve-unknown-fields: true}
  dataFrom:
    type: array
    items:
      type: object
      properties:
        extract:
          {{- include "external-secrets.remoteRef" . | nindent 10 }}
        find:
          type: object
          properties:
            conversionStrategy: {type: string, enum: [Default, Unicode], default: Default}
            decodingStrategy: {type: string, enum: [Auto, Base64, Base64URL, None], default: None}
            name: {type: object, properties: {regexp: {type: string}}}
            path: {type: string}
            tags: {type: object, additionalProperties: {type: string}}
        rewrite:
          type: array
          items: {type: object, x-kubernetes-preserve-unknown-fields: true}
        sourceRef: {type: object, x-kubernetes-preserve-unknown-fields: true}
  refreshInterval: {type: string, default: 1h0m0s}
  refreshPolicy: {type: string, enum: [CreatedOnce, Periodic, OnChange]}
  secretStoreRef:
    {{- include "external-secrets.storeRef" . | nindent 4 }}
  target:
    type: object
    default: {creationPolicy: Owner, deletionPolicy: Retain}
    properties:
      manifest: {type: object, x-kubernetes-preserve-unknown-fields: true}
      creationPolicy: {type: string, enum: [Owner, Orphan, Merge, None], default: Owner}
      deletionPolicy: {type: string, enum: [Delete, Merge, Retain], default: Retain}
      immutable: {type: boolean}
      name: {type: string, minLength: 1, maxLength: 253, pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$'}
      template:
        type: object
        properties:
          templateFrom: {type: array, items: {type: object, x-kubernetes-preserve-unknown-fields: true}}
          data: {type: object, additionalProperties: {type: string}}
          engineVersion: {type: string, enum: [v2], default: v2}
          mergePolicy: {type: string, enum: [Replace, Merge], default: Replace}
          metadata:
            type: object
            properties:
              annotations: {type: object, additionalProperties: {type: string}}
              labels: {type: object, additionalProperties: {type: string}}
              finalizers: {type: array, items: {type: string}}
          type: {type: string}
{{- end }}

{{- define "external-secrets.externalSecretStatus" -}}
type: object
properties:
  binding: {type: object, properties: {name: {type: string, default: ""}}, x-kubernetes-map-type: atomic}
  conditions:
    {{- include "external-secrets.conditions" . | nindent 4 }}
  refreshTime: {type: string, format: date-time, nullable: true}
  syncedResourceVersion: {type: string}
{{- end }}
