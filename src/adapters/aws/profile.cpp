#include "adapters/aws/profile.h"

#include <fmt/format.h>

#include <charconv>
#include <fstream>
#include <iterator>
#include <set>

#include "adapters/http/url.h"

namespace mainstay::aws {
namespace {

std::string value(const IniSection& profile, const std::string& key) {
  const auto found = profile.find(key);
  return found == profile.end() ? "" : found->second;
}

std::string path_of(const Environment& environment, const std::string& name,
                    std::string_view usual) {
  const std::string home = variable(environment, "HOME");
  std::string path = variable(environment, name);
  if (path.empty()) return home.empty() ? "" : fmt::format("{}/.aws/{}", home, usual);
  if (path.starts_with("~/")) path = home + path.substr(1);
  return path;
}

Result<Ini> read_ini(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (path.empty() || !file) return Ini{};
  std::string text(ini_size_max + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > ini_size_max) {
    return failure(Code::invalid, fmt::format("{} is larger than {} bytes: is it the right file?",
                                              path, ini_size_max));
  }
  return parse_ini(text, path);
}

// Follows a profile to its credentials, remembering where it has been.
class RecipeFinder {
 public:
  explicit RecipeFinder(const Profiles& profiles) : profiles_(profiles) {}

  Result<Recipe> find(const std::string& name) {
    const auto found = profiles_.find(name);
    if (found == profiles_.end()) {
      return failure(Code::not_found, fmt::format("there is no AWS profile '{}'", name));
    }
    const IniSection& profile = found->second;
    if (auto refusal = unsupported(name, profile)) return std::unexpected(*refusal);
    if (!value(profile, "web_identity_token_file").empty()) return by_token(name, profile);
    if (!value(profile, "role_arn").empty()) return role(name, profile);
    return plain(name, profile);
  }

 private:
  static std::unexpected<Error> wrong(const std::string& name, std::string_view fact) {
    return failure(Code::invalid, fmt::format("AWS profile '{}' {}", name, fact));
  }

  static std::optional<Error> unsupported(const std::string& name, const IniSection& profile) {
    static constexpr std::array<const char*, 4> keys = {"sso_session", "sso_start_url",
                                                        "sso_account_id", "mfa_serial"};
    for (const char* key : keys) {
      if (value(profile, key).empty()) continue;
      return wrong(name, fmt::format("uses {}, which a service without a person cannot do. Use the "
                                     "instance's IAM role or a credential_process",
                                     key))
          .error();
    }
    return std::nullopt;
  }

  // Keys, or a program that gives them.
  static Result<Recipe> plain(const std::string& name, const IniSection& profile) {
    const Credentials keys{.access_key = value(profile, "aws_access_key_id"),
                           .secret_key = value(profile, "aws_secret_access_key"),
                           .session_token = value(profile, "aws_session_token")};
    if (keys.access_key.empty() != keys.secret_key.empty()) {
      return wrong(name, "has only one of aws_access_key_id and aws_secret_access_key");
    }
    if (!keys.access_key.empty()) return keys;
    const std::string command = value(profile, "credential_process");
    if (!command.empty()) return FromProgram{command};
    return failure(Code::not_found, fmt::format("AWS profile '{}' has no credentials", name));
  }

  static Result<Recipe> by_token(const std::string& name, const IniSection& profile) {
    FromWebIdentity out{.token_file = value(profile, "web_identity_token_file"),
                        .role_arn = value(profile, "role_arn")};
    if (out.role_arn.empty()) return wrong(name, "has a web_identity_token_file and no role_arn");
    const std::string session = value(profile, "role_session_name");
    if (!session.empty()) out.session_name = session;
    return out;
  }

  Result<Recipe> role(const std::string& name, const IniSection& profile) {
    FromRole out{.role_arn = value(profile, "role_arn"),
                 .session_name = value(profile, "role_session_name"),
                 .external_id = value(profile, "external_id"),
                 .duration_s = 3600,
                 .source = FromInstance{}};
    if (out.session_name.empty()) out.session_name = "mainstay";
    const std::string duration = value(profile, "duration_seconds");
    if (!duration.empty() && !read_duration(duration, out.duration_s)) {
      return wrong(name, "has a duration_seconds that is no number from 900 to 43200");
    }
    auto source = source_of(name, profile);
    if (!source) return source;
    out.source = std::move(*source);
    return std::make_shared<const FromRole>(std::move(out));
  }

  static bool read_duration(const std::string& text, int& out) {
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, out);
    return error == std::errc() && stop == end && out >= 900 && out <= 43'200;
  }

  Result<Recipe> source_of(const std::string& name, const IniSection& profile) {
    const std::string source = value(profile, "source_profile");
    const std::string kind = value(profile, "credential_source");
    if (source.empty() == kind.empty()) {
      return wrong(name, "has role_arn and must have either source_profile or credential_source");
    }
    if (kind == "Ec2InstanceMetadata") return FromInstance{};
    if (kind == "Environment") return FromEnvironment{};
    if (kind == "EcsContainer") return FromContainer{};
    if (!kind.empty()) {
      return wrong(name,
                   "has a credential_source that is not known: use Ec2InstanceMetadata, "
                   "EcsContainer or Environment");
    }
    if (!seen_.insert(name).second) return wrong(name, "leads back to itself by source_profile");
    // A profile may name itself: its own keys are meant.
    auto found = source == name ? plain(name, profile) : find(source);
    if (!found && found.error().code == Code::not_found) {
      return wrong(name,
                   fmt::format("has source_profile '{}', but {}", source, found.error().message));
    }
    return found;
  }

  const Profiles& profiles_;
  std::set<std::string> seen_;
};

}  // namespace

Profiles merge_profiles(const Ini& config, const Ini& credentials) {
  constexpr std::string_view prefix = "profile ";
  Profiles profiles;
  for (const auto& [section, settings] : config) {
    if (section.starts_with("services ")) profiles[section] = settings;
    const bool prefixed = section.starts_with(prefix);
    if (!prefixed && section != "default") continue;  // [sso-session ...]
    const std::string name(prefixed ? trim(std::string_view(section).substr(prefix.size()))
                                    : std::string_view(section));
    profiles[name].insert(settings.begin(), settings.end());
  }
  for (const auto& [name, settings] : credentials) {
    for (const auto& [key, text] : settings) profiles[name][key] = text;
  }
  return profiles;
}

Result<Profiles> read_profiles(const Environment& environment) {
  auto config = read_ini(path_of(environment, "AWS_CONFIG_FILE", "config"));
  if (!config) return std::unexpected(config.error());
  auto credentials = read_ini(path_of(environment, "AWS_SHARED_CREDENTIALS_FILE", "credentials"));
  if (!credentials) return std::unexpected(credentials.error());
  return merge_profiles(*config, *credentials);
}

std::string profile_name(const Environment& environment) {
  for (const char* name : {"AWS_PROFILE", "AWS_DEFAULT_PROFILE"}) {
    if (std::string profile = variable(environment, name); !profile.empty()) return profile;
  }
  return "default";
}

Result<Recipe> recipe_of(const Profiles& profiles, const std::string& name) {
  return RecipeFinder(profiles).find(name);
}

}  // namespace mainstay::aws
