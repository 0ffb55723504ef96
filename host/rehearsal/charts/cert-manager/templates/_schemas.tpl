{{/* Schemas of what issuers, certificates and their requests are made of. What is named and not described is kept as it comes, as in the real ones; what is not named is no field. */}}

{{- define "cert-manager.conditions" -}}
type: array
x-kubernetes-list-type: map
x-kubernetes-list-map-keys: [type]
items:
  type: object
  required: [status, type]
  properties:
    lastTransitionTime: {type: string, format: date-time}
    message: {type: string}
    observedGeneration: {type: integer, format: int64}
    reason: {type: string}
    status: {type: string, enum: ["True", "False", Unknown]}
    type: {type: string}
{{- end }}

{{/* The key of a Secret. */}}
{{- define "cert-manager.secretKey" -}}
type: object
required: [name]
properties:
  key: {type: string}
  name: {type: string}
{{- end }}

{{- define "cert-manager.issuerAcme" -}}
type: object
properties:
  lastPrivateKeyHash: {type: string}
  lastRegisteredEmail: {type: string}
  uri: {type: string}
{{- end }}

{{/* How a challenge is met. */}}
{{- define "cert-manager.solver" -}}
type: object
properties:
  selector:
    type: object
    properties:
      dnsNames: {type: array, items: {type: string}}
      dnsZones: {type: array, items: {type: string}}
      matchLabels: {type: object, additionalProperties: {type: string}}
  http01:
    type: object
    properties:
      gatewayHTTPRoute: {type: object, x-kubernetes-preserve-unknown-fields: true}
      ingress:
        type: object
        properties:
          ingressTemplate: {type: object, x-kubernetes-preserve-unknown-fields: true}
          podTemplate: {type: object, x-kubernetes-preserve-unknown-fields: true}
          class: {type: string}
          ingressClassName: {type: string}
          name: {type: string}
          serviceType: {type: string}
  dns01: {type: object, x-kubernetes-preserve-unknown-fields: true}
{{- end }}

{{- define "cert-manager.issuerSpec" -}}
type: object
properties:
  acme:
    type: object
    required: [privateKeySecretRef, server]
    properties:
      caBundle: {type: string, format: byte}
      externalAccountBinding: {type: object, x-kubernetes-preserve-unknown-fields: true}
      email: {type: string}
      server: {type: string}
      skipTLSVerify: {type: boolean}
      preferredChain: {type: string, maxLength: 64}
      profile: {type: string}
      disableAccountKeyGeneration: {type: boolean}
      enableDurationFeature: {type: boolean}
      privateKeySecretRef:
        {{- include "cert-manager.secretKey" . | nindent 8 }}
      solvers:
        type: array
        items:
          {{- include "cert-manager.solver" . | nindent 10 }}
  ca:
    type: object
    required: [secretName]
    properties:
      secretName: {type: string}
      crlDistributionPoints: {type: array, items: {type: string}}
      issuingCertificateURLs: {type: array, items: {type: string}}
      ocspServers: {type: array, items: {type: string}}
  selfSigned:
    type: object
    properties:
      crlDistributionPoints: {type: array, items: {type: string}}
  vault: {type: object, x-kubernetes-preserve-unknown-fields: true}
  venafi: {type: object, x-kubernetes-preserve-unknown-fields: true}
{{- end }}

{{- define "cert-manager.issuerRef" -}}
type: object
required: [name]
properties:
  group: {type: string}
  kind: {type: string}
  name: {type: string}
{{- end }}

{{- define "cert-manager.usages" -}}
type: array
items:
  type: string
  enum: [signing, digital signature, content commitment, key encipherment, key agreement, data encipherment, cert sign, crl sign, encipher only, decipher only, any, server auth, client auth, code signing, email protection, s/mime, ipsec end system, ipsec tunnel, ipsec user, timestamping, ocsp signing, microsoft sgc, netscape sgc]
{{- end }}

{{- define "cert-manager.certificateSpec" -}}
type: object
required: [issuerRef, secretName]
properties:
  additionalOutputFormats: {type: array, items: {type: object, x-kubernetes-preserve-unknown-fields: true}}
  encodeUsagesInRequest: {type: boolean}
  keystores: {type: object, x-kubernetes-preserve-unknown-fields: true}
  literalSubject: {type: string}
  nameConstraints: {type: object, x-kubernetes-preserve-unknown-fields: true}
  otherNames: {type: array, items: {type: object, x-kubernetes-preserve-unknown-fields: true}}
  renewal: {type: object, x-kubernetes-preserve-unknown-fields: true}
  signatureAlgorithm: {type: string}
  subject: {type: object, x-kubernetes-preserve-unknown-fields: true}
  commonName: {type: string}
  dnsNames: {type: array, items: {type: string}}
  duration: {type: string}
  emailAddresses: {type: array, items: {type: string}}
  ipAddresses: {type: array, items: {type: string}}
  uris: {type: array, items: {type: string}}
  isCA: {type: boolean}
  issuerRef:
    {{- include "cert-manager.issuerRef" . | nindent 4 }}
  privateKey:
    type: object
    properties:
      algorithm: {type: string, enum: [RSA, ECDSA, Ed25519]}
      encoding: {type: string, enum: [PKCS1, PKCS8]}
      rotationPolicy: {type: string, enum: [Never, Always]}
      size: {type: integer, format: int32}
  renewBefore: {type: string}
  renewBeforePercentage: {type: integer, format: int32}
  revisionHistoryLimit: {type: integer, format: int32}
  secretName: {type: string}
  secretTemplate:
    type: object
    properties:
      annotations: {type: object, additionalProperties: {type: string}}
      labels: {type: object, additionalProperties: {type: string}}
  usages:
    {{- include "cert-manager.usages" . | nindent 4 }}
{{- end }}

{{- define "cert-manager.certificateStatus" -}}
failedIssuanceAttempts: {type: integer}
lastFailureTime: {type: string, format: date-time}
nextPrivateKeySecretName: {type: string}
notAfter: {type: string, format: date-time}
notBefore: {type: string, format: date-time}
renewalTime: {type: string, format: date-time}
revision: {type: integer}
{{- end }}

{{- define "cert-manager.requestSpec" -}}
type: object
required: [issuerRef, request]
properties:
  duration: {type: string}
  extra: {type: object, additionalProperties: {type: array, items: {type: string}}}
  groups: {type: array, items: {type: string}, x-kubernetes-list-type: atomic}
  isCA: {type: boolean}
  issuerRef:
    {{- include "cert-manager.issuerRef" . | nindent 4 }}
  request: {type: string, format: byte}
  uid: {type: string}
  usages:
    {{- include "cert-manager.usages" . | nindent 4 }}
  username: {type: string}
{{- end }}

{{- define "cert-manager.requestStatus" -}}
ca: {type: string, format: byte}
certificate: {type: string, format: byte}
failureTime: {type: string, format: date-time}
{{- end }}

{{- define "cert-manager.orderSpec" -}}
type: object
required: [issuerRef, request]
properties:
  commonName: {type: string}
  dnsNames: {type: array, items: {type: string}}
  duration: {type: string}
  ipAddresses: {type: array, items: {type: string}}
  issuerRef:
    {{- include "cert-manager.issuerRef" . | nindent 4 }}
  profile: {type: string}
  replaces: {type: string}
  request: {type: string, format: byte}
{{- end }}

{{- define "cert-manager.orderStatus" -}}
authorizations:
  type: array
  items: {type: object, required: [url], properties: {url: {type: string}}, x-kubernetes-preserve-unknown-fields: true}
certificate: {type: string, format: byte}
failureTime: {type: string, format: date-time}
finalizeURL: {type: string}
reason: {type: string}
state: {type: string, enum: [valid, ready, pending, processing, invalid, expired, errored]}
url: {type: string}
{{- end }}

{{- define "cert-manager.challengeSpec" -}}
type: object
required: [authorizationURL, dnsName, issuerRef, key, solver, token, type, url]
properties:
  authorizationURL: {type: string}
  dnsName: {type: string}
  issuerRef:
    {{- include "cert-manager.issuerRef" . | nindent 4 }}
  key: {type: string}
  solver:
    {{- include "cert-manager.solver" . | nindent 4 }}
  token: {type: string}
  type: {type: string, enum: [HTTP-01, DNS-01]}
  url: {type: string}
  wildcard: {type: boolean}
{{- end }}

{{- define "cert-manager.challengeStatus" -}}
presented: {type: boolean}
processing: {type: boolean}
reason: {type: string}
state: {type: string, enum: [valid, ready, pending, processing, invalid, expired, errored]}
{{- end }}
