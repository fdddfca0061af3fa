// What it means that etcd refused something, or that nothing came back.
#pragma once

#include <string>

#include "adapters/http/http.h"
#include "base/result.h"

namespace mainstay::etcd {

enum class Cure {
  none,           // asking again gives the same answer
  elsewhere,      // another member may do better, or the same one later
  new_token,      // the token has expired, or authentication was switched on
  without_token,  // authentication is off
};

struct Fault {
  Error error;  // the fact and its remedy, without the thing
  Cure cure = Cure::none;
  bool may_have_happened = false;
};

// `user`: as whom we ask; "" if nobody is configured.
Fault fault_of(const HttpResponse& response, const std::string& user);
Fault fault_of(const HttpFailure& failure);

}  // namespace mainstay::etcd
