# Everything that Terraform can make of what the local cloud's AWS plays. Round 2 changes what can be changed.

terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}

variable "round" {
  type    = number
  default = 1
}

locals {
  again = var.round > 1
  tags  = local.again ? { team = "platform", new = "yes" } : { team = "platform", old = "yes" }
}

provider "aws" {
  s3_use_path_style = true
}

data "aws_caller_identity" "current" {}

data "aws_route53_zone" "main" {
  name = "maps.gransassotech.it"
}

# Names

resource "aws_route53_zone" "own" {
  name          = "own.example.com"
  comment       = "round ${var.round}"
  force_destroy = true
  tags          = local.tags
}

locals {
  long = join("", [for n in range(50) : "abcdefghij"])
  plain = {
    a            = ["A", local.again ? ["192.0.2.1"] : ["192.0.2.1", "192.0.2.2"]]
    aaaa         = ["AAAA", ["2001:db8::1"]]
    cname        = ["CNAME", ["a.maps.gransassotech.it"]]
    txt          = ["TXT", ["v=spf1 -all", "a \\\"quote\\\"", "${substr(local.long, 0, 255)}\"\"${substr(local.long, 255, -1)}"]]
    mx           = ["MX", ["10 mail.example.com", "20 mail2.example.com"]]
    "_sip._tcp"  = ["SRV", ["1 10 5269 xmpp.example.com"]]
    caa          = ["CAA", ["0 issue \"letsencrypt.org\""]]
    sub          = ["NS", ["ns1.example.com.", "ns2.example.com."]]
    "*"          = ["A", ["192.0.2.9"]]
    "Upper_Case" = ["A", ["192.0.2.3"]]
  }
}

resource "aws_route53_record" "plain" {
  for_each = local.plain
  zone_id  = data.aws_route53_zone.main.zone_id
  name     = "${each.key}.${data.aws_route53_zone.main.name}"
  type     = each.value[0]
  ttl      = local.again ? 60 : 300
  records  = each.value[1]
}

resource "aws_route53_record" "alias" {
  zone_id = data.aws_route53_zone.main.zone_id
  name    = "alias"
  type    = "A"

  alias {
    name                   = aws_route53_record.plain["a"].fqdn
    zone_id                = data.aws_route53_zone.main.zone_id
    evaluate_target_health = local.again
  }
}

resource "aws_route53_record" "balancer" {
  zone_id = aws_route53_zone.own.zone_id
  name    = ""
  type    = "A"

  alias {
    name                   = "balancer-1234.eu-central-1.elb.amazonaws.com"
    zone_id                = "Z215JYRZR1TBD5"
    evaluate_target_health = true
  }
}

resource "aws_route53_record" "weighted" {
  for_each       = { blue = local.again ? 20 : 10, green = 90 }
  zone_id        = data.aws_route53_zone.main.zone_id
  name           = "weighted"
  type           = "CNAME"
  ttl            = 5
  set_identifier = each.key
  records        = ["${each.key}.example.com"]

  weighted_routing_policy {
    weight = each.value
  }
}

resource "aws_route53_record" "latency" {
  zone_id        = data.aws_route53_zone.main.zone_id
  name           = "latency"
  type           = "A"
  ttl            = 5
  set_identifier = "frankfurt"
  records        = ["192.0.2.20"]

  latency_routing_policy {
    region = "eu-central-1"
  }
}

resource "aws_route53_record" "place" {
  for_each       = { europe = { continent = "EU" }, california = { country = "US", subdivision = "CA" }, else = { country = "*" } }
  zone_id        = data.aws_route53_zone.main.zone_id
  name           = "place"
  type           = "A"
  ttl            = 5
  set_identifier = each.key
  records        = ["192.0.2.21"]

  geolocation_routing_policy {
    continent   = try(each.value.continent, null)
    country     = try(each.value.country, null)
    subdivision = try(each.value.subdivision, null)
  }
}

resource "aws_route53_record" "failover" {
  for_each       = { PRIMARY = "192.0.2.30", SECONDARY = "192.0.2.31" }
  zone_id        = data.aws_route53_zone.main.zone_id
  name           = "failover"
  type           = "A"
  ttl            = 5
  set_identifier = lower(each.key)
  records        = [each.value]
  # The second needs none, since there is no third.
  health_check_id = each.key == "PRIMARY" ? aws_route53_health_check.main.id : null

  failover_routing_policy {
    type = each.key
  }
}

resource "aws_route53_health_check" "main" {
  type              = "HTTPS"
  fqdn              = "example.com"
  port              = 443
  resource_path     = local.again ? "/healthz" : "/"
  failure_threshold = 3
  request_interval  = 30
  tags              = local.tags
}

resource "aws_route53_record" "near" {
  for_each       = { region = [], coordinates = [1] }
  zone_id        = data.aws_route53_zone.main.zone_id
  name           = "near"
  type           = "A"
  ttl            = 5
  set_identifier = each.key
  records        = ["192.0.2.50"]

  geoproximity_routing_policy {
    aws_region = each.key == "region" ? "eu-central-1" : null
    bias       = local.again ? 10 : 5

    dynamic "coordinates" {
      for_each = each.value
      content {
        latitude  = "49.22"
        longitude = "-74.01"
      }
    }
  }
}

resource "aws_route53_record" "several" {
  for_each                         = toset(["192.0.2.40", "192.0.2.41"])
  zone_id                          = data.aws_route53_zone.main.zone_id
  name                             = "several"
  type                             = "A"
  ttl                              = 5
  set_identifier                   = each.key
  records                          = [each.key]
  multivalue_answer_routing_policy = true
}

# Keys and parameters

resource "aws_kms_key" "main" {
  description             = "round ${var.round}"
  deletion_window_in_days = 7
  enable_key_rotation     = local.again
  tags                    = local.tags
}

resource "aws_kms_key" "guarded" {
  deletion_window_in_days = 7
  is_enabled              = !local.again

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "In round ${var.round} the account decides"
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::${data.aws_caller_identity.current.account_id}:root" }
      Action    = "kms:*"
      Resource  = "*"
    }]
  })
}

resource "aws_kms_alias" "main" {
  name          = "alias/maps"
  target_key_id = local.again ? aws_kms_key.guarded.key_id : aws_kms_key.main.key_id
}

resource "aws_ssm_parameter" "plain" {
  name        = "/maps/plain"
  type        = "String"
  value       = "round ${var.round}"
  description = "round ${var.round}"
  tags        = local.tags
}

resource "aws_ssm_parameter" "list" {
  name            = "/maps/list"
  type            = "StringList"
  value           = local.again ? "a,b,c" : "a,b"
  allowed_pattern = "^[a-z,]+$"
}

resource "aws_ssm_parameter" "sealed" {
  name  = "/maps/sealed"
  type  = "SecureString"
  value = "round ${var.round}"
}

resource "aws_ssm_parameter" "own_key" {
  name   = "/maps/own-key"
  type   = "SecureString"
  key_id = aws_kms_key.main.arn
  # The provider names the key only where that changes, and without a name a new value is under the default one.
  value     = "the same in both rounds"
  overwrite = true
  tags      = local.tags
}

resource "aws_ssm_parameter" "advanced" {
  name  = "/maps/advanced"
  type  = "String"
  tier  = "Advanced"
  value = join("", [for n in range(500) : "abcdefghij"])
}

data "aws_ssm_parameters_by_path" "all" {
  path       = "/maps"
  recursive  = true
  depends_on = [aws_ssm_parameter.plain, aws_ssm_parameter.sealed]
}

# Users

data "aws_iam_policy_document" "records" {
  statement {
    actions   = ["route53:ChangeResourceRecordSets"]
    resources = [data.aws_route53_zone.main.arn]

    condition {
      test     = "ForAllValues:StringEquals"
      variable = "route53:ChangeResourceRecordSetsRecordTypes"
      values   = local.again ? ["A", "TXT"] : ["TXT"]
    }
  }
}

resource "aws_iam_policy" "edge" {
  name        = "edge"
  path        = "/maps/"
  description = "What nobody may go beyond"
  policy      = data.aws_iam_policy_document.records.json
  tags        = local.tags
}

resource "aws_iam_policy" "extra" {
  name   = "extra"
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "ssm:Get*", Resource = "*" }] })
}

resource "aws_iam_user" "main" {
  name                 = "cert-manager"
  path                 = "/maps/"
  permissions_boundary = local.again ? aws_iam_policy.extra.arn : aws_iam_policy.edge.arn
  force_destroy        = true
  tags                 = local.tags
}

resource "aws_iam_user" "renamed" {
  name = "user-${var.round}"
}

resource "aws_iam_user_policy" "main" {
  name   = "records"
  user   = aws_iam_user.main.name
  policy = data.aws_iam_policy_document.records.json
}

resource "aws_iam_user_policy_attachment" "main" {
  for_each   = { own = aws_iam_policy.extra.arn, aws = "arn:aws:iam::aws:policy/AmazonSSMReadOnlyAccess" }
  user       = aws_iam_user.main.name
  policy_arn = each.value
}

resource "aws_iam_access_key" "main" {
  user   = aws_iam_user.main.name
  status = local.again ? "Inactive" : "Active"
}

data "aws_iam_policy" "by_name" {
  name = aws_iam_policy.edge.name
}

# Buckets

resource "aws_s3_bucket" "main" {
  bucket        = "maps-backups"
  force_destroy = true
  tags          = local.tags
}

resource "aws_s3_bucket" "logs" {
  bucket        = "maps-logs"
  force_destroy = true
}

resource "aws_s3_bucket_versioning" "main" {
  bucket = aws_s3_bucket.main.id

  versioning_configuration {
    status = local.again ? "Suspended" : "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "main" {
  bucket = aws_s3_bucket.main.id

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.main.arn
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "main" {
  bucket = aws_s3_bucket.main.id

  rule {
    id     = "old"
    status = "Enabled"

    filter {
      prefix = "wal/"
    }

    expiration {
      days = 30
    }

    noncurrent_version_expiration {
      noncurrent_days = 7
    }
  }

  rule {
    id     = "parts"
    status = "Enabled"

    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 3
    }
  }
}

resource "aws_s3_bucket_public_access_block" "main" {
  bucket                  = aws_s3_bucket.main.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = !local.again
}

resource "aws_s3_bucket_ownership_controls" "main" {
  bucket = aws_s3_bucket.main.id

  rule {
    object_ownership = local.again ? "BucketOwnerPreferred" : "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_policy" "main" {
  bucket = aws_s3_bucket.main.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "round ${var.round}"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = [aws_s3_bucket.main.arn, "${aws_s3_bucket.main.arn}/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })
}

resource "aws_s3_bucket_ownership_controls" "logs" {
  bucket = aws_s3_bucket.logs.id

  rule {
    object_ownership = "ObjectWriter"
  }
}

resource "aws_s3_bucket_acl" "logs" {
  bucket     = aws_s3_bucket.logs.id
  acl        = local.again ? "log-delivery-write" : "private"
  depends_on = [aws_s3_bucket_ownership_controls.logs]
}

resource "aws_s3_bucket_logging" "main" {
  bucket        = aws_s3_bucket.main.id
  target_bucket = aws_s3_bucket.logs.id
  target_prefix = "round-${var.round}/"
}

resource "aws_s3_bucket_cors_configuration" "main" {
  bucket = aws_s3_bucket.main.id

  cors_rule {
    allowed_methods = ["GET"]
    allowed_origins = ["https://example.com"]
    max_age_seconds = var.round
  }
}

resource "aws_s3_bucket_website_configuration" "logs" {
  bucket = aws_s3_bucket.logs.id

  index_document {
    suffix = "index-${var.round}.html"
  }
}

resource "aws_s3_bucket_accelerate_configuration" "main" {
  bucket = aws_s3_bucket.main.id
  status = local.again ? "Suspended" : "Enabled"
}

resource "aws_s3_bucket_request_payment_configuration" "main" {
  bucket = aws_s3_bucket.main.id
  payer  = local.again ? "BucketOwner" : "Requester"
}

resource "aws_s3_object" "main" {
  bucket       = aws_s3_bucket.main.id
  key          = "folder/file.txt"
  content      = "round ${var.round}"
  content_type = "text/plain"
  metadata     = { who = "maps" }
  tags         = local.tags
  depends_on   = [aws_s3_bucket_versioning.main, aws_s3_bucket_server_side_encryption_configuration.main]
}

resource "aws_s3_object_copy" "main" {
  bucket            = aws_s3_bucket.main.id
  key               = "copy.txt"
  source            = "${aws_s3_bucket.main.id}/${aws_s3_object.main.key}"
  tagging_directive = "REPLACE"
}
