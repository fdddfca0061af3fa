// The text of `mainstay help TYPE` and of the reference pages, made from the declarations.
#pragma once

#include <string>
#include <vector>

#include "config/schema.h"

namespace mainstay {

// Whether a type is a resource or a monitor: the fields that all of its kind share are told too.
enum class TypeKind { resource, monitor };

// Markdown; readable as it is in a terminal.
std::string help_text(const TypeSchema& schema, TypeKind kind);
std::string help_text(const CheckSchema& check, const TypeSchema& checked);
// What is not a type: nodes, paths, timing, arbitration, groups, and what all types share.
std::string cluster_help_text();

struct ReferencePage {
  std::string name;  // "awsvip.md"
  std::string text;
};
// docs/reference/: one page for each type, for the monitor of each resource, and an index; and,
// beside that folder, what can go wrong with them.
std::vector<ReferencePage> reference_pages(const Catalog& catalog);
// The page of a type, a monitor of a resource, or "cluster"; "" if there is none.
std::string help_for(const Catalog& catalog, std::string_view type);

}  // namespace mainstay
