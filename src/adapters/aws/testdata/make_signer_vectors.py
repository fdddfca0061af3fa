#!/usr/bin/env python3
"""Prints ../signer_vectors.h: request shapes of our own, signed by botocore as the second opinion.

Needs awscli 2, which has botocore inside, or botocore itself. Run it when a shape is added:
    ./make_signer_vectors.py > ../signer_vectors.h && clang-format-19 -i ../signer_vectors.h
"""
try:
    import awscli  # noqa: F401  (it makes its own botocore importable)
except ImportError:
    pass
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

DATE = "20261123T061501Z"
FORM = ("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
ROUTE53 = "https://route53.amazonaws.com"
S3 = "https://s3.eu-west-1.amazonaws.com"
EC2 = "https://ec2.eu-west-1.amazonaws.com"

# name, service, method, url, headers, body, token
SHAPES = [
    ("EC2 form", "ec2", "POST", EC2 + "/", [FORM], "Action=DescribeVpcs&Version=2016-11-15", ""),
    ("EC2 form with UTF-8", "ec2", "POST", EC2 + "/", [FORM],
     "Action=CreateTags&Tag.1.Value=%E6%9D%B1%E4%BA%AC%20%26%20K%C3%B6ln", ""),
    ("EC2 form of two KiB", "ec2", "POST", EC2 + "/", [FORM], "Action=X&Pad=" + "a" * 2048, ""),
    ("session token", "ec2", "POST", EC2 + "/", [FORM], "Action=DescribeVpcs", "IQoJb3JpZ2luX2VjE//+="),
    ("no body, no headers", "ec2", "GET", EC2 + "/?Action=DescribeVpcs&Version=2016-11-15", [], "", ""),
    ("port in the host", "ec2", "POST", "http://127.0.0.1:8080/", [FORM], "Action=DescribeVpcs", ""),
    ("the scheme's own port", "ec2", "POST", "https://ec2.example.com:443/", [FORM], "A=B", ""),
    ("no path", "ec2", "GET", EC2, [], "", ""),
    ("query in wrong order", "route53", "GET",
     ROUTE53 + "/2013-04-01/hostedzone/Z1/rrset?type=A&name=b.example.&maxitems=1", [], "", ""),
    ("query with one key twice", "route53", "GET", ROUTE53 + "/x?a=2&b=1&a=1&a=10", [], "", ""),
    ("keys of which one begins the other", "route53", "GET", ROUTE53 + "/x?ab=1&a=2&a-b=3&a.b=4", [], "", ""),
    ("key without equals sign", "s3", "GET", S3 + "/bucket?acl", [], "", ""),
    ("key without equals sign among others", "s3", "GET", S3 + "/bucket?versions&prefix=a&delimiter=%2F", [],
     "", ""),
    ("empty value", "route53", "GET", ROUTE53 + "/x?b=&a=", [], "", ""),
    ("value with an equals sign", "route53", "GET", ROUTE53 + "/x?token=abc%3D%3D", [], "", ""),
    ("spaces and UTF-8 in the query", "route53", "GET", ROUTE53 + "/x?name=a%20b&city=K%C3%B6ln&t=~-_.", [],
     "", ""),
    ("star in the path", "route53", "GET", ROUTE53 + "/2013-04-01/x/%2A.example.com", [], "", ""),
    ("colon in the path", "ec2", "GET", EC2 + "/arn:aws:iam::123456789012:role/x", [], "", ""),
    ("encoded colon in the path", "ec2", "GET", EC2 + "/arn%3Aaws%3Aiam", [], "", ""),
    ("space in the path", "ec2", "GET", EC2 + "/a%20b/c", [], "", ""),
    ("UTF-8 in the path", "ec2", "GET", EC2 + "/%E6%9D%B1", [], "", ""),
    ("dots in the path", "ec2", "GET", EC2 + "/a/./b/../c", [], "", ""),
    ("dots and slashes in the path", "ec2", "GET", EC2 + "/a//b/..//c/./", [], "", ""),
    ("dots above the root", "ec2", "GET", EC2 + "/../../a", [], "", ""),
    ("S3 keeps dots and slashes", "s3", "GET", S3 + "/bucket/a//b/../c", [], "", ""),
    ("S3 key with all kinds of signs", "s3", "PUT", S3 + "/bucket/a%20b%2Bc%3Dd%2Fe~f", [("If-None-Match", "*")],
     "payload", ""),
    ("header names in wrong order", "ec2", "POST", EC2 + "/", [("Zulu", "1"), ("alpha", "2"), ("Mike", "3")], "",
     ""),
    ("header name that begins another", "ec2", "POST", EC2 + "/",
     [("X-Amz-Meta-A-B", "1"), ("X-Amz-Meta-A", "2"), ("X-Amz-Meta", "3")], "", ""),
    ("spaces in a header value", "ec2", "POST", EC2 + "/", [("My-Header", "  a   b  c  ")], "", ""),
    ("empty header", "ec2", "POST", EC2 + "/", [("X-Empty", "")], "", ""),
    ("header twice", "ec2", "POST", EC2 + "/", [("My-Header", "b"), ("My-Header", "a")], "", ""),
    ("headers that are not signed", "ec2", "POST", EC2 + "/",
     [("User-Agent", "mainstay"), ("Expect", "100-continue"), ("X-Amzn-Trace-Id", "Root=1")], "", ""),
    ("DynamoDB", "dynamodb", "POST", "https://dynamodb.eu-west-1.amazonaws.com/",
     [("Content-Type", "application/x-amz-json-1.0"), ("X-Amz-Target", "DynamoDB_20120810.PutItem")],
     '{"TableName":"cluster"}', "token"),
    ("Route 53 XML", "route53", "POST", ROUTE53 + "/2013-04-01/hostedzone/Z1/rrset/", [("Content-Type", "text/xml")],
     '<?xml version="1.0"?><ChangeResourceRecordSetsRequest/>', ""),
]


def sign(service, method, url, headers, body, token):
    credentials = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", token or None)
    request = AWSRequest(method=method, url=url, data=body.encode())
    for name, value in headers:
        request.headers.add_header(name, value)
    request.headers["X-Amz-Date"] = DATE
    if token:
        request.headers["X-Amz-Security-Token"] = token
    request.context["timestamp"] = DATE
    auth = (S3SigV4Auth if service == "s3" else SigV4Auth)(credentials, service, "eu-west-1")
    if service == "s3":
        request.headers["X-Amz-Content-SHA256"] = auth.payload(request)
    text = auth.canonical_request(request)
    return text.split("\n")[-2], auth.signature(auth.string_to_sign(request, text), request)


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


print("// Requests and their signatures according to a second implementation. Made by")
print("// testdata/make_signer_vectors.py; not edited by hand.")
print("#pragma once\n\n#include <string>\n#include <vector>\n\n#include \"adapters/http/http.h\"\n")
print("namespace mainstay::aws {\n")
print("struct SignerVector {\n  std::string name;\n  std::string service;\n  std::string method;\n"
      "  std::string url;\n  HttpHeaders headers;\n  std::string body;\n  std::string token;\n"
      "  std::string signed_headers;\n  std::string signature;\n};\n")
print("inline const std::vector<SignerVector> signer_vectors = {")
for name, service, method, url, headers, body, token in SHAPES:
    names, signature = sign(service, method, url, headers, body, token)
    pairs = ", ".join("{%s, %s}" % (quoted(n), quoted(v)) for n, v in headers)
    text = quoted(body)
    if len(body) > 1000:
        text = '"Action=X&Pad=" + std::string(2048, \'a\')'
    print("    {%s, %s, %s, %s, {%s}, %s, %s, %s, %s}," % (
        quoted(name), quoted(service), quoted(method), quoted(url), pairs, text, quoted(token), quoted(names),
        quoted(signature)))
print("};\n\n}  // namespace mainstay::aws")
