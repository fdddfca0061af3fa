#include "cli/configuration.h"

#include <ostream>

#include <fmt/format.h>

#include "base/file.h"
#include "cli/check_json.h"
#include "config/document.h"

namespace mainstay::cli {

std::expected<ClusterConfig, ExitCode> load_configuration(const Session& session,
                                                          const std::string& file) {
  const auto text = read_file(file, document_size_max);
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
