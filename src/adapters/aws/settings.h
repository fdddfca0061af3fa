// What environment and profile files say about where AWS is and how to get there.
#pragma once

#include <map>
#include <string>

#include "adapters/aws/client.h"
#include "adapters/aws/environment.h"
#include "adapters/aws/metadata.h"
#include "adapters/aws/profile.h"
#include "adapters/http/http.h"
#include "adapters/http/proxy.h"

namespace mainstay::aws {

struct Settings {
  Environment environment;
  Profiles profiles;
  std::string profile;                           // in use
  bool profile_chosen = false;                   // by name, so that it must be there
  std::string region;                            // "": the instance's own
  std::map<std::string, std::string> endpoints;  // by service, e.g. "ec2"; "" is for all others
  bool fips = false;
  bool dual_stack = false;
  std::string metadata_endpoint;  // "": must not be asked
  ProxySettings proxies;
  HttpTls tls;
};

// invalid: a file or a value is wrong.
Result<Settings> settings_from(Environment environment);

// What was chosen for the service, or for all; "" if nothing was.
std::string chosen_endpoint(const Settings& settings, const std::string& service);

// Where a service is to be asked instead of where the settings say.
struct Place {
  std::string region;  // "": the settings', or the instance's own
  std::string url;     // "": the settings', or the region's own
};

// The endpoints of services; asks the metadata service once for what the settings leave open.
class Endpoints {
 public:
  Endpoints(const Settings& settings, Metadata& metadata);

  // Route 53's is its partition's.
  Task<Result<Endpoint>> of(std::string service, Call call);
  // invalid: the place's region or URL is none, or there is no such endpoint.
  Task<Result<Endpoint>> at(Place place, std::string service, Call call);

 private:
  Task<Status> locate(Call call);
  std::string url_of(const std::string& service, const std::string& region) const;

  const Settings& settings_;
  Metadata& metadata_;
  std::string region_;
  std::string domain_;  // as the instance says; "" = its partition's
};

}  // namespace mainstay::aws
