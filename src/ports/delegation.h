// Whether the world is sent to a zone's own name servers: for a public zone, the registrar's NS
// records decide that.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "ports/aws.h"

namespace mainstay {

// `delegated`: whom Resolver::name_servers takes for those of the zone's domain. A fact without a
// full stop; "" if all is well, or if nobody answered: then nothing is known.
std::string delegation_fault(const AwsHostedZone& zone,
                             const Result<std::vector<std::string>>& delegated);
// What is to be done about it.
std::string delegation_remedy(const AwsHostedZone& zone);

}  // namespace mainstay
