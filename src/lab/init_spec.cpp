// The specification of an instance as JSON, between the lab and its inits.
#include <nlohmann/json.hpp>

#include "lab/init.h"

namespace mainstay::lab {

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(InitVolume, id, device, name, loop)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(InitSpec, instance, host_name, directory, clock, shared, address,
                                   gateway, address6, masquerade_for, binds, boot_commands, volumes,
                                   stop_patience_s)

std::string encode(const InitSpec& spec) { return nlohmann::json(spec).dump(); }

Result<InitSpec> decode_init_spec(const std::string& json) {
  try {
    return nlohmann::json::parse(json).get<InitSpec>();
  } catch (const nlohmann::json::exception& problem) {
    return failure(Code::corrupt, std::string("instance specification: ") + problem.what());
  }
}

}  // namespace mainstay::lab
