# Mainstay, two nodes in two zones behind an Elastic IP.
# What this makes, and what to do with it: docs/guide/elastic-ip.md.

terraform {
  required_providers {
    aws = { source = "hashicorp/aws", version = ">= 5.0" }
  }
}

variable "image_id" {
  type        = string
  description = "Debian 12, the official image for the region."
}

variable "instance_type" {
  type    = string
  default = "m7i.large"
}

variable "key_name" {
  type        = string
  description = "For SSH to the instances."
}

variable "administrator_cidr" {
  type        = string
  description = "From where SSH is allowed, such as 203.0.113.0/24."
}

data "aws_availability_zones" "here" {
  state = "available"
}

data "aws_caller_identity" "here" {}
data "aws_partition" "here" {}
data "aws_region" "here" {}

locals {
  account = "${data.aws_partition.here.partition}:ec2:${data.aws_region.here.name}:${data.aws_caller_identity.here.account_id}"
  zones   = { a = data.aws_availability_zones.here.names[0], b = data.aws_availability_zones.here.names[1] }
  public  = { a = "10.0.10.0/24", b = "10.0.20.0/24" }
  node = {
    server1 = { zone = "a", address = "10.0.10.10" }
    server2 = { zone = "b", address = "10.0.20.10" }
  }
}

resource "aws_vpc" "cluster" {
  cidr_block           = "10.0.0.0/16"
  enable_dns_support   = true
  enable_dns_hostnames = true
}

resource "aws_internet_gateway" "cluster" {
  vpc_id = aws_vpc.cluster.id
}

# ---- Subnets and route tables. Routes are resources of their own, so that Terraform leaves alone
# what it did not make.

resource "aws_route_table" "public" {
  vpc_id = aws_vpc.cluster.id
}

resource "aws_route" "public_default" {
  route_table_id         = aws_route_table.public.id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.cluster.id
}

resource "aws_subnet" "public" {
  for_each                = local.public
  vpc_id                  = aws_vpc.cluster.id
  cidr_block              = each.value
  availability_zone       = local.zones[each.key]
  map_public_ip_on_launch = true
}

resource "aws_route_table_association" "public" {
  for_each       = local.public
  subnet_id      = aws_subnet.public[each.key].id
  route_table_id = aws_route_table.public.id
}

# ---- The Elastic IP, associated with nothing: Mainstay associates it with the node that runs the
# group. Without ignore_changes, the next apply would take it away from that node.

resource "aws_eip" "service" {
  domain = "vpc"

  lifecycle {
    ignore_changes = [instance, network_interface, associate_with_private_ip]
  }
}

# ---- The arbiter: what makes a failover rest on proof instead of a guess (docs/arbiters.md).

resource "aws_dynamodb_table" "arbiter" {
  name                        = "mainstay"
  billing_mode                = "PAY_PER_REQUEST"
  deletion_protection_enabled = true
  hash_key                    = "cluster"
  range_key                   = "record"

  attribute {
    name = "cluster"
    type = "S"
  }
  attribute {
    name = "record"
    type = "S"
  }
}

resource "aws_vpc_endpoint" "dynamodb" {
  vpc_id          = aws_vpc.cluster.id
  service_name    = "com.amazonaws.${data.aws_region.here.name}.dynamodb"
  route_table_ids = [aws_route_table.public.id]
}

# ---- What the nodes may do: as `mainstay iam-policy` prints it.

data "aws_iam_policy_document" "node" {
  statement {
    actions = [
      "ec2:DescribeAddresses",
      "ec2:DescribeAvailabilityZones",
      "ec2:DescribeNetworkInterfaces",
    ]
    resources = ["*"]
  }

  statement {
    actions = ["ec2:AssociateAddress", "ec2:DisassociateAddress"]
    resources = [
      "arn:${local.account}:elastic-ip/${aws_eip.service.allocation_id}",
      "arn:${local.account}:network-interface/*",
    ]
  }

  statement {
    actions   = ["dynamodb:GetItem", "dynamodb:PutItem"]
    resources = [aws_dynamodb_table.arbiter.arn]
    condition {
      test     = "ForAllValues:StringEquals"
      variable = "dynamodb:LeadingKeys"
      values   = ["cluster1"]
    }
  }
}

data "aws_iam_policy_document" "assume" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "node" {
  assume_role_policy = data.aws_iam_policy_document.assume.json
}

resource "aws_iam_role_policy" "node" {
  role   = aws_iam_role.node.id
  policy = data.aws_iam_policy_document.node.json
}

resource "aws_iam_instance_profile" "node" {
  role = aws_iam_role.node.name
}

# ---- Who may talk to whom.

resource "aws_security_group" "node" {
  vpc_id = aws_vpc.cluster.id

  ingress {
    description = "heartbeats"
    protocol    = "udp"
    from_port   = 29002
    to_port     = 29002
    self        = true
  }
  ingress {
    description = "control between the nodes"
    protocol    = "tcp"
    from_port   = 29001
    to_port     = 29001
    self        = true
  }
  ingress {
    description = "path MTU and ping"
    protocol    = "icmp"
    from_port   = -1
    to_port     = -1
    cidr_blocks = [aws_vpc.cluster.cidr_block]
  }
  ingress {
    description = "the service"
    protocol    = "tcp"
    from_port   = 80
    to_port     = 80
    cidr_blocks = ["0.0.0.0/0"]
  }
  ingress {
    description = "SSH"
    protocol    = "tcp"
    from_port   = 22
    to_port     = 22
    cidr_blocks = [var.administrator_cidr]
  }
  egress {
    protocol    = "-1"
    from_port   = 0
    to_port     = 0
    cidr_blocks = ["0.0.0.0/0"]
  }
}

# ---- The nodes.

resource "aws_instance" "node" {
  for_each             = local.node
  ami                  = var.image_id
  instance_type        = var.instance_type
  key_name             = var.key_name
  iam_instance_profile = aws_iam_instance_profile.node.name
  user_data            = "#!/bin/sh\nhostnamectl set-hostname ${each.key}\n"
  tags                 = { Name = each.key }

  metadata_options {
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }

  # The public address of its own is the way to the endpoints while the Elastic IP is elsewhere.
  subnet_id                   = aws_subnet.public[each.value.zone].id
  private_ip                  = each.value.address
  associate_public_ip_address = true
  vpc_security_group_ids      = [aws_security_group.node.id]

  # It comes and goes with the Elastic IP; a new instance would be made of that.
  lifecycle {
    ignore_changes = [associate_public_ip_address]
  }
}

# What `mainstay discover` would find, too.

output "vpc_id" {
  value = aws_vpc.cluster.id
}

output "eni_ids" {
  value = { for name, each in aws_instance.node : name => each.primary_network_interface_id }
}

output "allocation_id" {
  value = aws_eip.service.allocation_id
}

output "service_ip" {
  value = aws_eip.service.public_ip
}
