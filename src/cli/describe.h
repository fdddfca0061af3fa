// `mainstay help TYPE`: a type's fields, permissions and known problems, from its schema.
#pragma once

#include <string>

#include "cli/table.h"
#include "config/schema.h"

namespace mainstay::cli {

std::string describe_types(const Catalog& catalog, const Style& style);
std::string describe_type(const TypeSchema& schema, const Style& style);
std::string describe_check(const TypeSchema& resource, const Style& style);

}  // namespace mainstay::cli
