#include "cli/describe.h"

#include <algorithm>

#include <fmt/format.h>

namespace mainstay::cli {
namespace {

constexpr std::size_t text_width = 96;

// Breaks between words; every line is indented.
std::string wrapped(std::string_view text, std::size_t indent) {
  std::string out;
  std::size_t column = 0;
  while (!text.empty()) {
    const auto end = text.find_first_of(" \n");
    const auto word = text.substr(0, end);
    if (column > 0 && column + 1 + display_width(word) > text_width) {
      out += '\n';
      column = 0;
    }
    out += column == 0 ? std::string(indent, ' ') : " ";
    column += (column == 0 ? indent : 1) + display_width(word);
    out += word;
    if (end == text.npos) break;
    text.remove_prefix(end + 1);
  }
  return out + "\n";
}

std::string heading(std::string_view text, const Style& style) {
  return "\n" + style.paint(text, Colour::bold) + "\n";
}

// "text, per node, required", "duration, default 100s, 1s to 999s".
std::string nature_of(const Field& field) {
  std::string text = describe(field.kind);
  if (const std::string limits = limits_text(field); !limits.empty()) text += "; " + limits;
  if (field.is_per_node) text += "; usually differs from node to node";
  if (field.is_required) return text + "; required";
  return text + "; default " + document_text(field.default_value);
}

std::string fields_text(const std::vector<Field>& fields, const Style& style) {
  if (fields.empty()) return "";
  std::string out = heading("Fields", style);
  for (const auto& field : fields) {
    out += "  " + style.paint(field.key, Colour::bold) + "  " + field.label + "\n";
    out += wrapped(nature_of(field), 6);
    if (!field.help.empty()) out += wrapped(field.help, 6);
  }
  return out;
}

std::string problems_text(const std::vector<KnownProblem>& problems, const Style& style) {
  if (problems.empty()) return "";
  std::string out = heading("Problems it reports", style);
  for (const auto& problem : problems) {
    out += wrapped(fmt::format("({}) {}", problem.number, problem.message), 2);
    out += wrapped("Cause: " + problem.cause, 6);
    out += wrapped("Remedy: " + problem.remedy, 6);
  }
  return out;
}

std::string title_text(std::string_view type, std::string_view title, std::string_view summary,
                       const Style& style) {
  return style.paint(fmt::format("{}: {}", type, title), Colour::bold) + "\n" + wrapped(summary, 2);
}

}  // namespace

std::string describe_types(const Catalog& catalog, const Style& style) {
  Table resources({"RESOURCE", "", ""});
  for (const auto& type : catalog.resources) resources.add({type.type, type.title, ""});
  Table monitors({"MONITOR", "", ""});
  for (const auto& type : catalog.monitors) monitors.add({type.type, type.title, ""});
  for (const auto& type : catalog.resources) {
    if (!type.check) continue;
    monitors.add({type.check->type, type.check->title, "comes with " + type.type});
  }
  return resources.text(style) + "\n" + monitors.text(style) +
         "\nThe fields of one of them: mainstay help TYPE\n";
}

std::string describe_type(const TypeSchema& schema, const Style& style) {
  std::string out = title_text(schema.type, schema.title, schema.summary, style);
  out += fields_text(schema.fields, style);
  if (!schema.iam_actions.empty()) {
    out += heading("IAM actions it needs", style);
    for (const auto& action : schema.iam_actions) out += "  " + action + "\n";
  }
  out += problems_text(schema.problems, style);
  if (schema.check) {
    out += heading("Its monitor", style);
    out += wrapped(fmt::format("{} is added by itself; see 'mainstay help {}'.", schema.check->type,
                               schema.check->type),
                   2);
  }
  if (!schema.example.empty()) out += heading("Example", style) + schema.example;
  if (out.back() != '\n') out += '\n';
  return out;
}

std::string describe_check(const TypeSchema& resource, const Style& style) {
  const CheckSchema& check = *resource.check;
  std::string out = title_text(check.type, check.title, check.summary, style);
  out += wrapped(
      fmt::format("It is added by itself for every resource of type {}: every {}, with a "
                  "time-out of {} and {} retries.",
                  resource.type, to_text(check.interval), to_text(check.timeout), check.retries),
      2);
  return out + problems_text(check.problems, style);
}

}  // namespace mainstay::cli
