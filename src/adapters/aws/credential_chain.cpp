#include "adapters/aws/credential_chain.h"

#include <fmt/format.h>

#include "adapters/aws/container_credentials.h"
#include "adapters/aws/role_document.h"

namespace mainstay::aws {
namespace {

bool is_missing(const Result<Credentials>& found) {
  return !found && found.error().code == Code::not_found;
}

// For where neither environment nor files have any; `instance` is what the metadata service said.
Error nothing_found(const Error& instance) {
  std::string message =
      "No credentials: environment has none, ~/.aws has none, " + instance.message;
  message += ". Attach an IAM role to the instance or run aws configure";
  return {instance.code == Code::not_found ? Code::denied : instance.code, std::move(message)};
}

}  // namespace

Result<Credentials> environment_credentials(const Environment& environment) {
  const Credentials keys{.access_key = variable(environment, "AWS_ACCESS_KEY_ID"),
                         .secret_key = variable(environment, "AWS_SECRET_ACCESS_KEY"),
                         .session_token = variable(environment, "AWS_SESSION_TOKEN")};
  if (keys.access_key.empty() && keys.secret_key.empty()) {
    return failure(Code::not_found, "the environment has no credentials");
  }
  if (keys.access_key.empty() || keys.secret_key.empty()) {
    return failure(Code::invalid,
                   "only one of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY is set. Set both or "
                   "neither");
  }
  return keys;
}

Task<Result<Credentials>> CredentialChain::find(Call call) {
  auto found = environment_credentials(parts_.settings.environment);
  if (!is_missing(found)) co_return found;
  const auto identity = web_identity(parts_.settings.environment);
  if (identity) co_return co_await parts_.take_token(*identity, call);
  if (identity.error().code != Code::not_found) co_return std::unexpected(identity.error());
  found = co_await from_profile(call);
  if (!is_missing(found)) co_return found;
  found = co_await parts_.container(call);
  if (!is_missing(found)) co_return found;
  found = co_await parts_.instance(call);
  if (found || found.error().code == Code::cancelled) co_return found;
  co_return std::unexpected(nothing_found(found.error()));
}

Task<Result<Credentials>> CredentialChain::from_profile(Call call) {
  // The files may have been edited since we began.
  const auto profiles = read_profiles(parts_.settings.environment);
  if (!profiles) co_return std::unexpected(profiles.error());
  const std::string& name = parts_.settings.profile;
  auto recipe = recipe_of(*profiles, name);
  if (!recipe && recipe.error().code == Code::not_found && parts_.settings.profile_chosen &&
      !profiles->contains(name)) {
    co_return failure(Code::invalid,
                      fmt::format("AWS_PROFILE names '{}', but neither ~/.aws/config nor "
                                  "~/.aws/credentials has such a profile",
                                  name));
  }
  if (!recipe) co_return std::unexpected(recipe.error());
  co_return co_await follow(std::move(*recipe), call);
}

Task<Result<Credentials>> CredentialChain::follow(Recipe recipe, Call call) {
  if (const auto* keys = std::get_if<Credentials>(&recipe)) co_return *keys;
  if (const auto* program = std::get_if<FromProgram>(&recipe)) {
    co_return co_await from_command(program->command, call);
  }
  if (std::holds_alternative<FromInstance>(recipe)) co_return co_await parts_.instance(call);
  if (std::holds_alternative<FromContainer>(recipe)) co_return co_await parts_.container(call);
  if (const auto* identity = std::get_if<FromWebIdentity>(&recipe)) {
    co_return co_await parts_.take_token(*identity, call);
  }
  if (std::holds_alternative<FromEnvironment>(recipe)) {
    co_return environment_credentials(parts_.settings.environment);
  }
  co_return co_await from_role(std::get<std::shared_ptr<const FromRole>>(recipe), call);
}

Task<Result<Credentials>> CredentialChain::from_command(std::string command, Call call) {
  auto printed = co_await parts_.run_command(std::move(command), call);
  const std::string origin =
      fmt::format("the credential_process of AWS profile '{}'", parts_.settings.profile);
  if (!printed) {
    const Code code =
        printed.error().code == Code::not_found ? Code::invalid : printed.error().code;
    co_return failure(code, fmt::format("{}: {}", origin, printed.error().message));
  }
  co_return parse_role_document(*printed, origin);
}

Task<Result<Credentials>> CredentialChain::from_role(std::shared_ptr<const FromRole> role,
                                                     Call call) {
  auto source = co_await follow(role->source, call);
  if (!source) {
    const Code code = source.error().code == Code::not_found ? Code::denied : source.error().code;
    co_return failure(code, fmt::format("no credentials to take on {} with: {}", role->role_arn,
                                        source.error().message));
  }
  co_return co_await parts_.assume_role(std::move(*source), role, call);
}

}  // namespace mainstay::aws
