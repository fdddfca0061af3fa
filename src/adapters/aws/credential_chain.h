// Where credentials are looked for, in AWS's order: environment, web identity, profile files, the
// container's endpoint, the instance's IAM role.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "adapters/aws/credentials.h"
#include "adapters/aws/profile.h"
#include "adapters/aws/settings.h"

namespace mainstay::aws {

// Runs a command and gives what it printed.
using RunCommand = std::function<Task<Result<std::string>>(std::string command, Call)>;
using AssumeRole = std::function<Task<Result<Credentials>>(Credentials source,
                                                           std::shared_ptr<const FromRole>, Call)>;

using TakeToken = std::function<Task<Result<Credentials>>(FromWebIdentity, Call)>;

// not_found: neither key is there. invalid: only one of them.
Result<Credentials> environment_credentials(const Environment& environment);

class CredentialChain {
 public:
  struct Parts {
    const Settings& settings;
    CredentialSource instance;   // the role, from the metadata service
    CredentialSource container;  // not_found: this is none
    TakeToken take_token;
    RunCommand run_command;
    AssumeRole assume_role;
  };
  explicit CredentialChain(Parts parts) : parts_(std::move(parts)) {}

  // The first that there are. What is there but wrong ends the search: falling back to another
  // identity would only hide it.
  Task<Result<Credentials>> find(Call call);

 private:
  Task<Result<Credentials>> from_profile(Call call);
  Task<Result<Credentials>> follow(Recipe recipe, Call call);
  Task<Result<Credentials>> from_command(std::string command, Call call);
  Task<Result<Credentials>> from_role(std::shared_ptr<const FromRole> role, Call call);

  Parts parts_;
};

}  // namespace mainstay::aws
