#include "apps/etcd_link.h"

#include <filesystem>

#include <fmt/format.h>

#include "base/file.h"

namespace mainstay::apps {
namespace {

constexpr std::size_t pem_size_max = 1024 * 1024;
constexpr std::size_t password_size_max = 4096;

Error about(const char* field, Error error) {
  error.message = fmt::format("arbitration, etcd: {}: {}", field, error.message);
  return error;
}

// curl reads it anew for each connection, and could only say so then.
Status check_pem(const char* field, const std::string& file) {
  if (file.empty()) return {};
  const auto text = read_file(file, pem_size_max);
  if (!text) return std::unexpected(about(field, text.error()));
  if (text->find("-----BEGIN ") != std::string::npos) return {};
  return failure(Code::invalid,
                 fmt::format("arbitration, etcd: {}: {} holds nothing in PEM form ('-----BEGIN')",
                             field, file));
}

Result<std::string> password_in(const std::string& file) {
  if (file.empty()) return std::string();
  const auto text = read_file(file, password_size_max);
  if (!text) return std::unexpected(about("password_file", text.error()));
  using std::filesystem::perms;
  std::error_code error;
  const perms others =
      std::filesystem::status(file, error).permissions() & (perms::group_all | perms::others_all);
  if (others != perms::none) {
    return failure(Code::denied,
                   fmt::format("arbitration, etcd: password_file: {0}: others than its owner can "
                               "use it; say 'chmod 600 {0}'",
                               file));
  }
  std::string password = text->substr(0, text->find_first_of("\r\n"));
  if (!password.empty()) return password;
  return failure(
      Code::invalid,
      fmt::format("arbitration, etcd: password_file: the first line of {} is empty", file));
}

}  // namespace

Result<std::unique_ptr<etcd::EtcdArbiter>> link_etcd(const ClusterConfig& config, Clock& clock,
                                                     HttpSend http) {
  const EtcdConfig& chosen = config.arbitration.arbiter.etcd;
  for (const auto& [field, file] :
       {std::pair("ca_file", &chosen.ca_file), std::pair("cert_file", &chosen.cert_file),
        std::pair("key_file", &chosen.key_file)}) {
    if (auto checked = check_pem(field, *file); !checked) return std::unexpected(checked.error());
  }
  auto password = password_in(chosen.password_file);
  if (!password) return std::unexpected(password.error());
  etcd::Settings settings{.cluster = config.name,
                          .endpoints = chosen.endpoints,
                          .tls = {.ca_file = chosen.ca_file,
                                  .certificate_file = chosen.cert_file,
                                  .key_file = chosen.key_file},
                          .user = chosen.user,
                          .password = std::move(*password),
                          .prefix = chosen.prefix};
  return std::make_unique<etcd::EtcdArbiter>(clock, std::move(http), std::move(settings));
}

}  // namespace mainstay::apps
