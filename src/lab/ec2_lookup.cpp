// Ids that are well formed, and what they are the ids of.
#include "lab/ec2_lookup.h"

#include <fmt/format.h>

#include "lab/xml.h"

namespace mainstay::lab::ec2 {

std::unexpected<AwsError> no(std::string code, std::string message) {
  return std::unexpected(AwsError{400, std::move(code), std::move(message)});
}

Ec2Outcome done(Model next) {
  Xml xml;
  xml.leaf("return", "true");
  return {xml.text(), std::move(next)};
}

Or<Eni*> eni_named(Model& model, const std::string& id) {
  if (!id_well_formed("eni", id)) {
    return no("InvalidNetworkInterfaceId.Malformed",
              fmt::format("Invalid id: \"{}\" (expecting \"eni-...\")", id));
  }
  Eni* eni = find_id(model.enis, id);
  if (eni == nullptr) {
    return no("InvalidNetworkInterfaceID.NotFound",
              fmt::format("The networkInterface ID '{}' does not exist", id));
  }
  return eni;
}

Or<Instance*> instance_with_id(Model& model, const std::string& id) {
  if (!id_well_formed("i", id)) {
    return no("InvalidInstanceID.Malformed", fmt::format("Invalid id: \"{}\"", id));
  }
  Instance* instance = find_id(model.instances, id);
  if (instance == nullptr) {
    return no("InvalidInstanceID.NotFound", fmt::format("The instance ID '{}' does not exist", id));
  }
  return instance;
}

}  // namespace mainstay::lab::ec2
