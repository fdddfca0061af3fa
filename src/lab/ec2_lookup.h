// What the calls that change something share: finding what a call names.
#pragma once

#include <memory>
#include <string>

#include "lab/ec2.h"

namespace mainstay::lab::ec2 {

template <class T>
using Or = std::expected<T, AwsError>;

std::unexpected<AwsError> no(std::string code, std::string message);
// The answer of a call that has nothing to tell.
Ec2Outcome done(Model next);
Or<Eni*> eni_named(Model& model, const std::string& id);
Or<Instance*> instance_with_id(Model& model, const std::string& id);

}  // namespace mainstay::lab::ec2
