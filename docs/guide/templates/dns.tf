# Mainstay, two nodes in two zones behind a Route 53 name.
# What this makes, and what to do with it: docs/guide/dns.md.

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

variable "zone_name" {
  type        = string
  default     = "cluster1.internal"
  description = "The private hosted zone; the service is found at \"service\" in it."
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
  private = { a = "10.0.110.0/24", b = "10.0.120.0/24" }
  nat     = { a = "10.0.10.20", b = "10.0.20.20" }
  node = {
    server1 = { zone = "a", address = "10.0.110.10" }
    server2 = { zone = "b", address = "10.0.120.10" }
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

resource "aws_route_table" "private" {
  for_each = local.private
  vpc_id   = aws_vpc.cluster.id
}

resource "aws_route" "private_default" {
  for_each               = local.private
  route_table_id         = aws_route_table.private[each.key].id
  destination_cidr_block = "0.0.0.0/0"
  network_interface_id   = aws_instance.nat[each.key].primary_network_interface_id
}

resource "aws_subnet" "private" {
  for_each          = local.private
  vpc_id            = aws_vpc.cluster.id
  cidr_block        = each.value
  availability_zone = local.zones[each.key]
}

resource "aws_route_table_association" "private" {
  for_each       = local.private
  subnet_id      = aws_subnet.private[each.key].id
  route_table_id = aws_route_table.private[each.key].id
}

# ---- The hosted zone. The record itself is Mainstay's.

resource "aws_route53_zone" "service" {
  name = var.zone_name
  vpc {
    vpc_id = aws_vpc.cluster.id
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
  route_table_ids = concat([aws_route_table.public.id], [for table in aws_route_table.private : table.id])
}

# ---- What the nodes may do: as `mainstay iam-policy` prints it.

data "aws_iam_policy_document" "node" {
  statement {
    actions = [
      "ec2:DescribeAvailabilityZones",
    ]
    resources = ["*"]
  }

  statement {
    actions   = ["route53:ChangeResourceRecordSets", "route53:ListResourceRecordSets"]
    resources = [aws_route53_zone.service.arn]
  }

  statement {
    actions   = ["route53:GetChange"]
    resources = ["arn:${data.aws_partition.here.partition}:route53:::change/*"]
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
    cidr_blocks = [aws_vpc.cluster.cidr_block]
  }
  ingress {
    description = "SSH"
    protocol    = "tcp"
    from_port   = 22
    to_port     = 22
    cidr_blocks = [var.administrator_cidr, aws_vpc.cluster.cidr_block]
  }
  egress {
    protocol    = "-1"
    from_port   = 0
    to_port     = 0
    cidr_blocks = ["0.0.0.0/0"]
  }
}

resource "aws_security_group" "nat" {
  vpc_id = aws_vpc.cluster.id

  ingress {
    description = "what the private subnets send out"
    protocol    = "-1"
    from_port   = 0
    to_port     = 0
    cidr_blocks = [aws_vpc.cluster.cidr_block]
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

# ---- NAT instances: the way out, and what the nodes ping to learn whether they are cut off.

resource "aws_instance" "nat" {
  for_each               = local.nat
  ami                    = var.image_id
  instance_type          = "t3.micro"
  key_name               = var.key_name
  subnet_id              = aws_subnet.public[each.key].id
  private_ip             = each.value
  vpc_security_group_ids = [aws_security_group.nat.id]
  source_dest_check      = false
  user_data              = <<-EOT
    #!/bin/sh
    apt-get update && apt-get install -y nftables
    echo net.ipv4.ip_forward=1 > /etc/sysctl.d/90-nat.conf && sysctl --system
    cat > /etc/nftables.conf <<'RULES'
    flush ruleset
    table ip nat {
      chain postrouting {
        type nat hook postrouting priority srcnat;
        ip saddr 10.0.0.0/16 ip daddr != 10.0.0.0/16 masquerade
      }
    }
    RULES
    systemctl enable --now nftables
  EOT
  tags = { Name = "nat-${each.key}" }
}

# ---- The nodes.

resource "aws_network_interface" "node" {
  for_each        = local.node
  subnet_id       = aws_subnet.private[each.value.zone].id
  private_ips     = [each.value.address]
  security_groups = [aws_security_group.node.id]
}

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
  network_interface {
    device_index         = 0
    network_interface_id = aws_network_interface.node[each.key].id
  }
}

# What `mainstay discover` would find, too.

output "vpc_id" {
  value = aws_vpc.cluster.id
}

output "eni_ids" {
  value = { for name, each in aws_network_interface.node : name => each.id }
}

output "hosted_zone_id" {
  value = aws_route53_zone.service.zone_id
}

output "record_name" {
  value = "service.${var.zone_name}."
}
