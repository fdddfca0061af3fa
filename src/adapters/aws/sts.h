// Taking on a role: STS AssumeRole.
#pragma once

#include "adapters/aws/client.h"
#include "adapters/aws/profile.h"

namespace mainstay::aws {

// With the credentials that `parts.identity` gives. The endpoint is the region's own.
Task<Result<Credentials>> assume_role(Client::Parts parts, std::shared_ptr<const FromRole> role,
                                      Call call);

// Of AssumeRole and of AssumeRoleWithWebIdentity.
Result<Credentials> parse_assume_role(std::string_view xml);

}  // namespace mainstay::aws
