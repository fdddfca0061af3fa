// Credentials that a container is given: by a local endpoint (ECS, EKS Pod Identity), or by a token
// that STS takes for a role (web identity).
#pragma once

#include "adapters/aws/client.h"
#include "adapters/aws/environment.h"
#include "adapters/aws/profile.h"
#include "adapters/http/http.h"

namespace mainstay::aws {

// AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI. not_found: neither is set. invalid: the URL
// is one that a token must not be sent to: plain HTTP to anything but this host or its link.
Task<Result<Credentials>> container_credentials(const Environment& environment, HttpSend http,
                                                Call call);

// AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN. not_found: not set. invalid: only one of them.
Result<FromWebIdentity> web_identity(const Environment& environment);

// `endpoint` is STS's. The token is read anew each time: it is exchanged before it ends.
Task<Result<Credentials>> web_identity_credentials(FromWebIdentity identity, Endpoint endpoint,
                                                   HttpSend http, Call call);

}  // namespace mainstay::aws
