// The tree of the metadata, as paths and values made from the model for each question.
#include "lab/imds.h"

#include <fmt/format.h>

#include <charconv>

#include "lab/ec2.h"

namespace mainstay::lab {
namespace {

using Tree = std::map<std::string, std::string>;  // leaf path -> value

std::vector<std::string> texts_of(const std::vector<Ipv4>& addresses) {
  std::vector<std::string> out;
  for (const Ipv4 address : addresses) out.push_back(to_text(address));
  return out;
}

void add_interface(Tree& tree, const Model& model, const Eni& eni) {
  const Subnet& subnet = *find_id(model.subnets, eni.subnet_id);
  const std::string base = "network/interfaces/macs/" + eni.mac + "/";
  tree[base + "interface-id"] = eni.id;
  tree[base + "device-number"] = "0";
  tree[base + "mac"] = eni.mac;
  tree[base + "local-ipv4s"] = fmt::format("{}", fmt::join(texts_of(eni.addresses()), "\n"));
  if (eni.address6) {
    tree[base + "ipv6s"] = to_text(*eni.address6);
    tree["ipv6"] = to_text(*eni.address6);
  }
  tree[base + "local-hostname"] = private_dns_name(model, eni.address);
  tree[base + "owner-id"] = model.account;
  std::vector<std::string> group_names;
  for (const std::string& id : eni.group_ids) {
    group_names.push_back(find_id(model.groups, id)->name);
  }
  tree[base + "security-groups"] = fmt::format("{}", fmt::join(group_names, "\n"));
  tree[base + "security-group-ids"] = fmt::format("{}", fmt::join(eni.group_ids, "\n"));
  tree[base + "subnet-id"] = subnet.id;
  tree[base + "subnet-ipv4-cidr-block"] = to_text(subnet.cidr);
  tree[base + "vpc-id"] = model.vpc_id;
  tree[base + "vpc-ipv4-cidr-block"] = to_text(model.vpc);
  tree[base + "vpc-ipv4-cidr-blocks"] = to_text(model.vpc);
  std::vector<Ipv4> shown;
  for (const Ipv4 address : eni.addresses()) {
    const Ipv4 one = public_address_of(model, eni, address);
    if (one == Ipv4{}) continue;
    shown.push_back(one);
    tree[base + "ipv4-associations/" + to_text(one)] = to_text(address);
  }
  if (shown.empty()) return;
  tree[base + "public-ipv4s"] = fmt::format("{}", fmt::join(texts_of(shown), "\n"));
  tree["public-ipv4"] = to_text(shown[0]);
}

std::string credentials_json(const Credentials& credentials, std::int64_t now_ms) {
  return fmt::format(
      "{{\n  \"Code\" : \"Success\",\n  \"LastUpdated\" : \"{}\",\n  \"Type\" : \"AWS-HMAC\",\n"
      "  \"AccessKeyId\" : \"{}\",\n  \"SecretAccessKey\" : \"{}\",\n  \"Token\" : \"{}\",\n"
      "  \"Expiration\" : \"{}\"\n}}",
      ec2::utc_text(now_ms), credentials.access_key, credentials.secret_key,
      credentials.session_token, ec2::utc_text(credentials.expires_ms));
}

void add_role(Tree& tree, const Model& model, const Instance& instance, Accounts& accounts,
              std::int64_t now_ms) {
  const Credentials* credentials = accounts.of_instance(instance.name, now_ms);
  if (credentials == nullptr) return;
  tree["iam/info"] = fmt::format(
      "{{\n  \"Code\" : \"Success\",\n  \"LastUpdated\" : \"{}\",\n  \"InstanceProfileArn\" : "
      "\"arn:aws:iam::{}:instance-profile/{}\",\n  \"InstanceProfileId\" : \"{}\"\n}}",
      ec2::utc_text(now_ms), model.account, instance.role, make_id("AIPA", instance.role));
  tree["iam/security-credentials/" + instance.role] = credentials_json(*credentials, now_ms);
}

Tree make_tree(const Model& model, const Instance& instance, Accounts& accounts,
               std::int64_t now_ms) {
  const Eni& eni = *find_id(model.enis, instance.eni_id);
  Tree tree;
  tree["ami-id"] = "ami-00000000000000001";
  tree["hostname"] = private_dns_name(model, eni.address);
  tree["local-hostname"] = private_dns_name(model, eni.address);
  tree["instance-id"] = instance.id;
  tree["instance-type"] = "t3.micro";
  tree["instance-life-cycle"] = "on-demand";
  tree["local-ipv4"] = to_text(eni.address);
  tree["mac"] = eni.mac;
  tree["placement/availability-zone"] = instance.zone;
  tree["placement/availability-zone-id"] = fmt::format(
      "apne1-az{}", std::ranges::find(model.zones, instance.zone) - model.zones.begin() + 1);
  tree["placement/region"] = model.region;
  tree["services/domain"] = "amazonaws.com";
  tree["services/partition"] = "aws";
  tree["events/maintenance/scheduled"] = "[]";
  tree["tags/instance/Name"] = instance.name;
  add_interface(tree, model, eni);
  add_role(tree, model, instance, accounts, now_ms);
  return tree;
}

// The names directly below a directory; those that have names below themselves end in a slash.
std::string listing(const Tree& tree, const std::string& directory) {
  std::string out;
  std::string last;
  for (const auto& [path, value] : tree) {
    if (!path.starts_with(directory)) continue;
    const std::string rest = path.substr(directory.size());
    const std::string name =
        rest.substr(0, rest.find('/') == std::string::npos ? rest.size() : rest.find('/') + 1);
    if (name == last) continue;
    last = name;
    out += (out.empty() ? "" : "\n") + name;
  }
  return out;
}

HttpResponse not_found() { return {.status = 404, .body = "404 - Not Found\n"}; }

HttpResponse look_up(const Tree& tree, std::string path) {
  while (path.starts_with('/')) path.erase(0, 1);
  if (const auto leaf = tree.find(path); leaf != tree.end()) return {.body = leaf->second};
  const std::string stripped = path.ends_with('/') ? path.substr(0, path.size() - 1) : path;
  if (const auto leaf = tree.find(stripped); leaf != tree.end() && stripped != path) {
    return {.body = leaf->second};
  }
  const std::string directory = stripped.empty() ? "" : stripped + "/";
  std::string names = listing(tree, directory);
  return names.empty() ? not_found() : HttpResponse{.body = std::move(names)};
}

std::string identity_document(const Model& model, const Instance& instance) {
  const Eni& eni = *find_id(model.enis, instance.eni_id);
  return fmt::format(
      "{{\n  \"accountId\" : \"{}\",\n  \"architecture\" : \"x86_64\",\n  \"availabilityZone\" : "
      "\"{}\",\n  \"imageId\" : \"ami-00000000000000001\",\n  \"instanceId\" : \"{}\",\n  "
      "\"instanceType\" : \"t3.micro\",\n  \"privateIp\" : \"{}\",\n  \"region\" : \"{}\",\n  "
      "\"version\" : \"2017-09-30\"\n}}",
      model.account, instance.zone, instance.id, to_text(eni.address), model.region);
}

constexpr std::string_view token_path = "/latest/api/token";
constexpr int token_life_max_s = 21'600;

}  // namespace

HttpResponse MetadataService::make_token(const HttpRequest& request, const Instance& instance,
                                         std::int64_t now_ms) {
  if (!request.header("x-forwarded-for").empty())
    return {.status = 403, .body = "403 - Forbidden\n"};
  const std::string_view asked = request.header("x-aws-ec2-metadata-token-ttl-seconds");
  int life_s = 0;
  const auto [end, problem] = std::from_chars(asked.begin(), asked.end(), life_s);
  if (problem != std::errc() || end != asked.end() || life_s < 1 || life_s > token_life_max_s) {
    return {.status = 400, .body = "400 - Bad Request\n"};
  }
  std::erase_if(tokens_, [&](const auto& entry) { return entry.second.ends_ms <= now_ms; });
  if (tokens_.size() >= tokens_max) {
    tokens_.erase(std::ranges::min_element(tokens_, {},
                                           [](const auto& entry) { return entry.second.ends_ms; }));
  }
  std::string token = "AQAEA";
  for (int i = 0; i < 3; ++i) token += fmt::format("{:016x}", random_.next());
  token += "==";
  tokens_[token] = {instance.name, now_ms + std::int64_t{life_s} * 1000};
  return {.body = token,
          .headers = {{"X-Aws-Ec2-Metadata-Token-Ttl-Seconds", std::to_string(life_s)}}};
}

bool MetadataService::token_valid(const HttpRequest& request, const Instance& instance,
                                  std::int64_t now_ms) const {
  const auto found = tokens_.find(std::string(request.header("x-aws-ec2-metadata-token")));
  return found != tokens_.end() && found->second.instance == instance.name &&
         found->second.ends_ms > now_ms;
}

HttpResponse MetadataService::answer(const HttpRequest& request, const Model& model,
                                     const Instance& instance, Accounts& accounts,
                                     std::int64_t now_ms) {
  const std::string path(request.path());
  if (request.method == "PUT") {
    return path == token_path ? make_token(request, instance, now_ms) : not_found();
  }
  if (request.method != "GET" && request.method != "HEAD") {
    return {.status = 405, .body = "405 - Method Not Allowed\n"};
  }
  if (!token_valid(request, instance, now_ms))
    return {.status = 401, .body = "401 - Unauthorized\n"};
  if (path == "/latest/dynamic/instance-identity/document") {
    return {.body = identity_document(model, instance), .type = "application/json"};
  }
  if (path == "/latest" || path == "/latest/") return {.body = "dynamic\nmeta-data"};
  constexpr std::string_view root = "/latest/meta-data";
  if (!path.starts_with(root) || (path.size() > root.size() && path[root.size()] != '/')) {
    return not_found();
  }
  Tree tree = make_tree(model, instance, accounts, now_ms);
  for (const auto& [notice, value] : notices_[instance.name]) tree[notice] = value;
  return look_up(tree, path.substr(root.size()));
}

void MetadataService::announce(const std::string& instance, const std::string& path,
                               const std::string& value) {
  notices_[instance][path] = value;
}

void MetadataService::withdraw(const std::string& instance) { notices_.erase(instance); }

}  // namespace mainstay::lab
