#include "cli/configuration.h"

#include <cerrno>
#include <fstream>
#include <iterator>
#include <ostream>
#include <system_error>

#include <fmt/format.h>

#include "cli/check_json.h"

namespace mainstay::cli {

Result<std::string> read_document_file(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  std::string text(document_size_max + 1, '\0');
  if (in) in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad() || (!in && in.gcount() == 0 && !in.eof())) {
    const int error = errno;
    return failure(error == ENOENT ? Code::not_found : Code::denied,
                   fmt::format("{}: {}", file, std::generic_category().message(error)));
  }
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.size() <= document_size_max) return text;
  return failure(Code::invalid, fmt::format("{} is larger than {} bytes: that is no configuration",
                                            file, document_size_max));
}

std::expected<ClusterConfig, ExitCode> load_configuration(const Session& session,
                                                          const std::string& file) {
  const auto text = read_document_file(file);
  if (!text) return std::unexpected(complain(session, text.error()));
  auto config = parse_config(*text, session.environment.catalog);
  if (config) return std::move(*config);
  auto& environment = session.environment;
  if (session.invocation.json) {
    environment.out << problems_json(file, config.error()) << '\n';
  } else {
    for (const auto& problem : config.error()) environment.err << to_text(problem, file) << '\n';
    environment.err << fmt::format("mainstay: {} has {} problem{}\n", file, config.error().size(),
                                   config.error().size() == 1 ? "" : "s");
  }
  return std::unexpected(ExitCode::refused);
}

}  // namespace mainstay::cli
