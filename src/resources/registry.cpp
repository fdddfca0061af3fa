#include "resources/registry.h"

#include <algorithm>

namespace mainstay {

#define RESOURCE(name) ResourceType name##_resource();
#include "resources/registry.def"
#undef RESOURCE

const std::vector<ResourceType>& resource_types() {
#define RESOURCE(name) name##_resource(),
  static const std::vector<ResourceType> types = {
#include "resources/registry.def"
  };
#undef RESOURCE
  return types;
}

const ResourceType* find_resource_type(std::string_view type) {
  const auto found = std::ranges::find_if(
      resource_types(), [type](const ResourceType& each) { return each.schema.type == type; });
  return found == resource_types().end() ? nullptr : &*found;
}

const ResourceType* find_checked_type(std::string_view check_type) {
  const auto found = std::ranges::find_if(resource_types(), [check_type](const ResourceType& each) {
    return each.schema.check && each.schema.check->type == check_type;
  });
  return found == resource_types().end() ? nullptr : &*found;
}

std::vector<TypeSchema> resource_schemas() {
  std::vector<TypeSchema> schemas;
  for (const ResourceType& type : resource_types()) schemas.push_back(type.schema);
  return schemas;
}

}  // namespace mainstay
