// All resource types of this release.
#pragma once

#include <string_view>
#include <vector>

#include "resources/resource.h"

namespace mainstay {

const std::vector<ResourceType>& resource_types();
// nullptr if there is none of that name.
const ResourceType* find_resource_type(std::string_view type);
// The type whose check is the monitor type `check_type` ("awsvipw"); nullptr if there is none.
const ResourceType* find_checked_type(std::string_view check_type);
std::vector<TypeSchema> resource_schemas();

}  // namespace mainstay
