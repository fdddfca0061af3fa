// What ~/.aws/config and ~/.aws/credentials say about a profile, and how it comes to credentials.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <variant>

#include "adapters/aws/credentials.h"
#include "adapters/aws/environment.h"
#include "adapters/aws/ini.h"
#include "base/result.h"

namespace mainstay::aws {

// The settings of each profile; where both files have a key, the credentials file counts. A
// [services x] of the config file is "services x" here.
using Profiles = std::map<std::string, IniSection>;

// Reads both files, from where the environment says they are. A file that is not there is empty.
Result<Profiles> read_profiles(const Environment& environment);
Profiles merge_profiles(const Ini& config, const Ini& credentials);

// AWS_PROFILE, else "default".
std::string profile_name(const Environment& environment);

// How a profile's credentials come about.
struct FromProgram {
  std::string command;
};
struct FromInstance {};
struct FromEnvironment {};
struct FromContainer {};
// A token in a file, which STS takes for a role.
struct FromWebIdentity {
  std::string token_file;
  std::string role_arn;
  std::string session_name = "mainstay";
};
struct FromRole;
using Recipe = std::variant<Credentials, FromProgram, FromInstance, FromEnvironment, FromContainer,
                            FromWebIdentity, std::shared_ptr<const FromRole>>;
// Another role is taken on with the credentials of `source`.
struct FromRole {
  std::string role_arn;
  std::string session_name;
  std::string external_id;
  int duration_s = 3600;
  Recipe source;
};

// not_found: the profile is not there, or has nothing to do with credentials. invalid: it is
// incomplete, leads in a circle, or wants something that is not supported; the message says what to
// do instead.
Result<Recipe> recipe_of(const Profiles& profiles, const std::string& name);

}  // namespace mainstay::aws
