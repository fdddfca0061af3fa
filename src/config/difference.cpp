#include "config/difference.h"

#include <fmt/format.h>

#include <algorithm>

#include "config/document.h"
#include "config/print.h"
#include "config/value.h"

namespace mainstay {
namespace {

// Every value of a document under its path. Elements of lists of tables are called by their names,
// so that a new one in the middle does not make all after it differ.
using Leaves = std::vector<std::pair<std::string, std::string>>;

std::string leaf_text(const DocumentValue& value) {
  struct Print {
    std::string operator()(bool truth) const { return truth ? "true" : "false"; }
    std::string operator()(std::int64_t number) const { return fmt::format("{}", number); }
    std::string operator()(double number) const { return fmt::format("{}", number); }
    std::string operator()(const std::string& text) const { return quoted(text); }
    std::string operator()(const DocumentList& list) const {
      std::string text;
      for (const auto& each : list) text += (text.empty() ? "" : ", ") + leaf_text(each);
      return "[" + text + "]";
    }
    std::string operator()(const DocumentTable&) const { return "{ ... }"; }
  };
  return std::visit(Print{}, value.data);
}

std::string name_of(const DocumentTable& table, std::size_t index) {
  const DocumentEntry* name = table.find("name");
  const auto* text = name ? std::get_if<std::string>(&name->value.data) : nullptr;
  return text ? *text : fmt::format("number {}", index + 1);
}

std::string below(const std::string& path, const std::string& part) {
  return path.empty() ? part : path + ", " + part;
}

void collect(const DocumentTable& table, const std::string& path, Leaves& leaves);

void collect_list(const DocumentEntry& entry, const DocumentList& list, const std::string& path,
                  Leaves& leaves) {
  std::string order;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const DocumentTable* element = list[i].as_table();
    if (element == nullptr) continue;
    const std::string name = name_of(*element, i);
    order += (order.empty() ? "" : ", ") + name;
    collect(*element, below(path, entry.key + " " + name), leaves);
  }
  leaves.emplace_back(below(path, fmt::format("order of [[{}]]", entry.key)), order);
}

void collect(const DocumentTable& table, const std::string& path, Leaves& leaves) {
  for (const DocumentEntry& entry : table.entries) {
    const DocumentList* list = entry.value.as_list();
    if (const DocumentTable* child = entry.value.as_table()) {
      // "node" only leads to the nodes' own tables.
      collect(*child, entry.key == "node" ? path : below(path, entry.key), leaves);
    } else if (list != nullptr && !list->empty() && list->front().as_table() != nullptr) {
      collect_list(entry, *list, path, leaves);
    } else {
      leaves.emplace_back(path.empty() ? entry.key : path + ": " + entry.key,
                          leaf_text(entry.value));
    }
  }
}

const std::string* find(const Leaves& leaves, const std::string& path) {
  const auto found = std::ranges::find(leaves, path, &Leaves::value_type::first);
  return found == leaves.end() ? nullptr : &found->second;
}

std::string or_missing(const std::string& text) { return text.empty() ? "missing" : text; }

}  // namespace

std::vector<Difference> difference(std::string_view ours, std::string_view theirs) {
  const auto our_document = read_document(ours);
  const auto their_document = read_document(theirs);
  if (!our_document || !their_document) {
    if (ours == theirs) return {};
    return {{"document", our_document ? "readable" : "not readable",
             their_document ? "readable" : "not readable"}};
  }
  Leaves our_leaves;
  Leaves their_leaves;
  collect(*our_document, "", our_leaves);
  collect(*their_document, "", their_leaves);
  std::vector<Difference> found;
  const auto add = [&found](Difference each) {
    if (found.size() < differences_max) found.push_back(std::move(each));
  };
  for (const auto& [path, text] : our_leaves) {
    const std::string* other = find(their_leaves, path);
    if (other == nullptr || *other != text) add({path, text, other ? *other : ""});
  }
  for (const auto& [path, text] : their_leaves) {
    if (find(our_leaves, path) == nullptr) add({path, "", text});
  }
  return found;
}

std::vector<Difference> difference(const ClusterConfig& ours, const ClusterConfig& theirs,
                                   const Catalog& catalog) {
  return difference(print_config(ours, catalog), print_config(theirs, catalog));
}

std::string to_text(const Difference& difference, const NodeName& other) {
  return fmt::format("{} is {} here and {} on {}", difference.path, or_missing(difference.ours),
                     or_missing(difference.theirs), other);
}

}  // namespace mainstay
