#include "config/help.h"

#include <fmt/format.h>

#include <algorithm>

#include "config/sections.h"
#include "config/troubleshooting.h"

namespace mainstay {
namespace {

constexpr std::string_view generated_note =
    "<!-- Made from the declarations in the source by reference_docs; do not edit. -->\n\n";

std::string default_text(const Field& field) {
  if (field.is_required) {
    const auto* text = std::get_if<std::string>(&field.default_value);
    if (text == nullptr || text->empty()) return "required";
  }
  const auto* text = std::get_if<std::string>(&field.default_value);
  const auto* texts = std::get_if<std::vector<std::string>>(&field.default_value);
  if ((text != nullptr && text->empty()) || (texts != nullptr && texts->empty())) return "unset";
  return fmt::format("default `{}`", document_text(field.default_value));
}

std::string kind_text(const Field& field) {
  if (!field.choices.empty()) return "one of " + limits_text(field);
  switch (field.format) {
    case TextFormat::ip:
      return field.kind == FieldKind::texts ? "IP addresses" : "IP address";
    case TextFormat::host:
      return "IP address or host name";
    case TextFormat::path:
      return "absolute path";
    case TextFormat::vpc_id:
      return "VPC ID";
    case TextFormat::eni_id:
      return "ENI ID";
    case TextFormat::allocation_id:
      return "allocation ID";
    case TextFormat::hosted_zone_id:
      return "hosted zone ID";
    case TextFormat::dns_name:
      return "DNS name";
    case TextFormat::instance_id:
      return "instance ID";
    case TextFormat::role_arn:
      return "ARN of a role";
    case TextFormat::interface_name:
      return "name of a network interface";
    case TextFormat::url:
      return field.kind == FieldKind::texts ? "URLs" : "URL";
    case TextFormat::dynamodb_table:
      return "name of a table";
    case TextFormat::name:
      return field.kind == FieldKind::texts ? "names" : "name";
    default:
      break;
  }
  std::string text;
  switch (field.kind) {
    case FieldKind::boolean:
      text = "true or false";
      break;
    case FieldKind::integer:
      text = "whole number";
      break;
    case FieldKind::number:
      text = "number";
      break;
    case FieldKind::text:
      text = "text";
      break;
    case FieldKind::duration:
      text = "duration";
      break;
    case FieldKind::texts:
      text = "list of texts";
      break;
  }
  const std::string limits = limits_text(field);
  return limits.empty() ? text : text + ", " + limits;
}

std::string field_text(const Field& field) {
  std::string text = fmt::format("- `{}`", field.key);
  if (!field.label.empty()) text += fmt::format(" ({})", field.label);
  text += fmt::format(": {}; {}", kind_text(field), default_text(field));
  if (field.is_per_node) text += "; usually set for each node";
  text += ".\n";
  if (!field.help.empty()) text += fmt::format("  {}\n", field.help);
  return text;
}

std::string fields_text(const std::vector<Field>& fields) {
  std::string text;
  for (const Field& field : fields) text += field_text(field);
  return text;
}

std::string section(const std::string& title, const std::string& body) {
  return body.empty() ? "" : fmt::format("## {}\n\n{}\n", title, body);
}

std::string problems_text(const std::vector<KnownProblem>& problems) {
  std::string text;
  for (const KnownProblem& problem : problems) {
    text += problem.number > 0 ? fmt::format("### {} : {}\n\n", problem.number, problem.message)
                               : fmt::format("### {}\n\n", problem.message);
    text += fmt::format("Possible cause: {}\n\nSolution: {}\n\n", problem.cause, problem.remedy);
  }
  if (!text.empty()) text.pop_back();
  return text;
}

std::string list_text(const std::vector<std::string>& texts) {
  std::string list;
  for (const auto& text : texts) list += fmt::format("- `{}`\n", text);
  return list;
}

std::string code_text(const std::string& code) {
  return code.empty() ? "" : fmt::format("```toml\n{}```\n", code);
}

// Pages end with one line feed.
std::string trimmed(std::string text) {
  while (text.ends_with("\n\n")) text.pop_back();
  return text;
}

std::string example_of_check(const CheckSchema& check, const TypeSchema& checked) {
  return fmt::format(
      "[[monitor]]\nname = \"{}1\"\ntype = \"{}\"\nchecks = \"{}1\"\ninterval = \"30s\"\n",
      check.type, check.type, checked.type);
}

std::string own_fields(const TypeSchema& schema, TypeKind kind) {
  if (schema.fields.empty()) return "";
  const auto table = kind == TypeKind::resource ? "resource" : "monitor";
  return fmt::format(
      "Any of them may be set for one node, in `[{}.node.NAME]` below the table.\n\n{}", table,
      fields_text(schema.fields));
}

std::string index_page(const Catalog& catalog) {
  std::string text = "# Reference\n\n- [cluster](cluster.md): everything that is not a type\n";
  text += "\nResources:\n\n";
  for (const TypeSchema& type : catalog.resources) {
    text += fmt::format("- [{0}]({0}.md): {1}\n", type.type, type.title);
  }
  text += "\nMonitors:\n\n";
  for (const TypeSchema& type : catalog.resources) {
    if (type.check)
      text += fmt::format("- [{0}]({0}.md): {1}\n", type.check->type, type.check->title);
  }
  for (const TypeSchema& type : catalog.monitors) {
    text += fmt::format("- [{0}]({0}.md): {1}\n", type.type, type.title);
  }
  return text;
}

}  // namespace

std::string help_text(const TypeSchema& schema, TypeKind kind) {
  const bool resource = kind == TypeKind::resource;
  std::string text = fmt::format("# {}: {}\n\n{}\n\n", schema.type, schema.title, schema.summary);
  text += section("Example", code_text(schema.example));
  text += section("Fields", own_fields(schema, kind));
  text += fmt::format("What all {} share is described on the page `cluster`.\n\n",
                      resource ? "resources" : "monitors");
  text += section("Notes", schema.notes);
  text += section("IAM actions", list_text(schema.iam_actions));
  if (schema.check) {
    text +=
        section("Monitor", fmt::format("`{}`: {}\n", schema.check->type, schema.check->summary));
  }
  text += section("Problems", problems_text(schema.problems));
  return trimmed(text);
}

std::string help_text(const CheckSchema& check, const TypeSchema& checked) {
  std::string text = fmt::format("# {}: {}\n\n{}\n\n", check.type, check.title, check.summary);
  text += fmt::format(
      "It runs while its resource does, every {} (time-out {}, {} further bad answers until it "
      "counts). When it reports an error the resource is restarted up to 3 times, then the group "
      "moves once. To change any of this, declare it:\n\n",
      to_text(check.interval), to_text(check.timeout), check.retries);
  text += code_text(example_of_check(check, checked)) + "\n";
  text += "In the warning status, 100 is added to the number of the problem.\n\n";
  text += section("Problems", problems_text(check.problems));
  return trimmed(text);
}

std::string cluster_help_text() {
  const std::string at_the_top =
      fields_text(cluster_fields()) +
      "- `profile`: one of \"default\", \"fast\"; default `\"default\"`.\n"
      "  `fast` notices a failure within 0.5 s instead of 1.5 s; single times may still be "
      "given.\n";
  const std::string path =
      fields_text(path_fields()) +
      "- `address`: each node's own IP address on this path; required.\n"
      "  `address = { server1 = \"10.0.110.10\", server2 = \"10.0.120.10\" }`\n";
  const std::string reachability =
      fields_text(reachability_fields()) +
      "- `targets`: list of texts; required but for `script`, for all nodes or in "
      "`[arbitration.reachability.node.NAME]`.\n"
      "  `\"10.0.10.20\"` for ping, `\"10.0.10.20:443\"` for tcp, "
      "`\"https://10.0.10.20/\"` for http. The node is reachable if any of them answers; all "
      "checks must say so.\n";
  const std::string resource =
      "- `group`: text; may be left out if there is only one group.\n  The failover group.\n" +
      fields_text(resource_fields());
  const std::string monitor =
      fields_text(monitor_fields()) +
      "- `nodes`: list of texts; unset.\n"
      "  The nodes that run it: all, or those of the group of `active_with`, if left out.\n";
  const std::string recovery =
      "- `target`: text.\n"
      "  What is recovered: a resource, a group, or \"local\", the node itself. If left out: the "
      "resource of `active_with`, else the node.\n" +
      fields_text(recovery_fields());
  std::string text =
      "# cluster: everything that is not a type\n\n"
      "One document describes the cluster, the same on every node. Durations are written as "
      "`\"1.5s\"`, `\"250ms\"`, `\"5min\"`, `\"2h\"` or as a number of seconds. Names have 1 to 31 "
      "letters, digits, `-`, `_` or `.`.\n\n";
  text += section("At the top", at_the_top);
  text += section("[[node]]", fields_text(node_fields()));
  text += section("[[path]]", path);
  text += section("[ports]", fields_text(ports_fields()));
  text += section("[timing]", fields_text(timing_fields()));
  text +=
      section("[arbitration]", fields_text(arbiter_fields()) + fields_text(arbitration_fields()));
  text += section("[arbitration.dynamodb]", fields_text(dynamodb_fields()));
  text += section("[arbitration.etcd]", fields_text(etcd_fields()));
  text += section("[arbitration.forced_stop]", fields_text(forced_stop_fields()));
  text += section("[[arbitration.reachability]]", reachability);
  text += section("[return]", fields_text(return_fields()));
  text += section("[reboot_limit]", fields_text(reboot_limit_fields()));
  text += section("[shutdown]", fields_text(shutdown_fields()));
  text += section("[aws]", fields_text(aws_fields()));
  text += section("[[group]]", fields_text(group_fields()));
  text += section("[[resource]]", resource);
  text += section("[[monitor]]", monitor);
  text += section("[monitor.recovery]", recovery);
  return trimmed(text);
}

std::vector<ReferencePage> reference_pages(const Catalog& catalog) {
  std::vector<ReferencePage> pages = {{"README.md", index_page(catalog)},
                                      {"cluster.md", cluster_help_text()},
                                      {"../troubleshooting.md", troubleshooting_text(catalog)}};
  for (const TypeSchema& type : catalog.resources) {
    pages.push_back({type.type + ".md", help_text(type, TypeKind::resource)});
    if (type.check) pages.push_back({type.check->type + ".md", help_text(*type.check, type)});
  }
  for (const TypeSchema& type : catalog.monitors) {
    pages.push_back({type.type + ".md", help_text(type, TypeKind::monitor)});
  }
  for (ReferencePage& page : pages) page.text = std::string(generated_note) + page.text;
  return pages;
}

std::string help_for(const Catalog& catalog, std::string_view type) {
  if (type == "cluster") return cluster_help_text();
  if (const auto* found = find_type(catalog.resources, type)) {
    return help_text(*found, TypeKind::resource);
  }
  if (const auto* found = find_type(catalog.monitors, type)) {
    return help_text(*found, TypeKind::monitor);
  }
  if (const auto* found = find_checked(catalog, type)) return help_text(*found->check, *found);
  return "";
}

}  // namespace mainstay
