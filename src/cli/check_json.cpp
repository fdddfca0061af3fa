#include "cli/check_json.h"

#include <nlohmann/json.hpp>

namespace mainstay::cli {
namespace {

using Json = nlohmann::json;

std::string text_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

std::string problems_json(const std::string& file, const Problems& problems) {
  Json list = Json::array();
  for (const auto& problem : problems) {
    list.push_back({{"line", problem.position.line},
                    {"column", problem.position.column},
                    {"path", problem.path},
                    {"fact", problem.fact},
                    {"remedy", problem.remedy}});
  }
  return text_of({{"file", file}, {"valid", false}, {"problems", std::move(list)}});
}

std::string verdict_json(const std::string& file, const ClusterConfig& config,
                         const std::vector<std::string>& safety,
                         const std::vector<std::string>& cost) {
  return text_of({{"file", file},
                  {"valid", true},
                  {"problems", Json::array()},
                  {"cluster", config.name},
                  {"nodes", config.nodes.size()},
                  {"groups", config.groups.size()},
                  {"monitors", config.monitors.size()},
                  {"safety", safety},
                  {"cost", cost}});
}

std::string verdict_json_with(const std::string& verdict, const std::string& report) {
  Json json = Json::parse(verdict);
  json["doctor"] = Json::parse(report);
  return text_of(json);
}

}  // namespace mainstay::cli
