#include "config/schema.h"

#include <algorithm>

namespace mainstay {

const Field* find_field(const std::vector<Field>& fields, std::string_view key) {
  const auto found = std::ranges::find(fields, key, &Field::key);
  return found == fields.end() ? nullptr : &*found;
}

const TypeSchema* find_type(const std::vector<TypeSchema>& types, std::string_view type) {
  const auto found = std::ranges::find(types, type, &TypeSchema::type);
  return found == types.end() ? nullptr : &*found;
}

const TypeSchema* find_checked(const Catalog& catalog, std::string_view check_type) {
  const auto found = std::ranges::find_if(catalog.resources, [check_type](const auto& schema) {
    return schema.check && schema.check->type == check_type;
  });
  return found == catalog.resources.end() ? nullptr : &*found;
}

Params defaults_of(const std::vector<Field>& fields) {
  Params params;
  for (const Field& field : fields) params[field.key] = field.default_value;
  return params;
}

MonitorName check_name(const ResourceName& resource, std::string_view type) {
  return companion_name(resource, type, std::string(type) + "w");
}

MonitorName companion_name(const ResourceName& resource, std::string_view type,
                           std::string_view companion) {
  const std::string_view name = resource.value;
  const bool numbered = name.starts_with(type) &&
                        name.find_first_not_of("0123456789", type.size()) == std::string_view::npos;
  if (numbered) return MonitorName(std::string(companion) + resource.value.substr(type.size()));
  const bool longer = companion.starts_with(type);
  return MonitorName(resource.value + std::string(companion.substr(longer ? type.size() : 0)));
}

}  // namespace mainstay
