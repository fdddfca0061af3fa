#include "cli/describe.h"

namespace mainstay::cli {

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
         "\nThe fields of one of them: mainstay help TYPE\n"
         "Nodes, paths, groups and what all types share: mainstay help cluster\n";
}

}  // namespace mainstay::cli
