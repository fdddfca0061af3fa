// `mainstay help`: which types there are. What is told of one comes from config/help.h.
#pragma once

#include <string>

#include "cli/table.h"
#include "config/schema.h"

namespace mainstay::cli {

std::string describe_types(const Catalog& catalog, const Style& style);

}  // namespace mainstay::cli
