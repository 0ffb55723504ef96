# What the section `aws` of the benchmark has Terraform do beside maps: so many records and parameters in one zone.
# Endpoint, keys and region come from the environment: AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY,
# AWS_REGION. Nothing is tuned: the provider's checks and Terraform's parallelism are what people get.

terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}

variable "records" {
  description = "How many A records there are to be, each a change of its own."
  type        = number
  default     = 100
}

variable "parameters" {
  description = "How many encrypted parameters there are to be."
  type        = number
  default     = 100
}

provider "aws" {}

data "aws_route53_zone" "zone" {
  name = "maps.gransassotech.it"
}

resource "aws_route53_record" "record" {
  count   = var.records
  zone_id = data.aws_route53_zone.zone.zone_id
  name    = "r${count.index}"
  type    = "A"
  ttl     = 300
  records = ["192.0.2.${count.index % 254 + 1}"]
}

resource "aws_ssm_parameter" "parameter" {
  count = var.parameters
  name  = "/bench/p${count.index}"
  type  = "SecureString"
  value = "value-${count.index}"
}
