// [arbitration]: the arbiter, the forced stop, and what tells a node that it is cut off.
#include <charconv>

#include <fmt/format.h>

#include "config/parser.h"
#include "config/sections.h"

namespace mainstay {
namespace {

std::expected<ReachabilityTarget, Mismatch> target_of_url(const std::string& text) {
  Field url;
  url.is_required = true;
  url.format = TextFormat::url;
  if (const auto wrong = misfit(url, Value(text))) return std::unexpected(*wrong);
  std::string host = text.substr(text.find("://") + 3);
  host = host.substr(0, host.find_first_of("/?"));
  if (host.starts_with('[')) {
    host = host.substr(1, host.find(']') - 1);
  } else {
    host = host.substr(0, host.find(':'));
  }
  return ReachabilityTarget{.host = host, .port = 0, .url = text};
}

// "10.0.10.4" for ping; "10.0.10.4:443", "gw.example.com:443" or "[fd00::1]:443" for tcp; a URL for
// http.
std::expected<ReachabilityTarget, Mismatch> target_from(const std::string& text,
                                                        ReachabilityKind kind) {
  if (kind == ReachabilityKind::http) return target_of_url(text);
  ReachabilityTarget target{.host = text, .port = 0, .url = {}};
  if (kind == ReachabilityKind::tcp) {
    const auto colon = text.rfind(':');
    const std::string number = colon == std::string::npos ? "" : text.substr(colon + 1);
    const auto [end, error] =
        std::from_chars(number.data(), number.data() + number.size(), target.port);
    const bool whole = error == std::errc{} && end == number.data() + number.size();
    if (!whole || target.port < 1 || target.port > 65535) {
      return std::unexpected(Mismatch{fmt::format("\"{}\" has no port from 1 to 65535", text),
                                      "Write it like \"10.0.10.4:443\"."});
    }
    target.host = text.substr(0, colon);
    if (target.host.starts_with('[') && target.host.ends_with(']')) {
      target.host = target.host.substr(1, target.host.size() - 2);
    }
  }
  Field host;
  host.is_required = true;
  host.format = kind == ReachabilityKind::tcp ? TextFormat::host : TextFormat::ip;
  if (const auto wrong = misfit(host, Value(target.host))) return std::unexpected(*wrong);
  return target;
}

struct Targets {
  std::vector<std::string> texts;
};

std::vector<ReachabilityTarget> read_targets(Parser& parser, const DocumentTable& table,
                                             ReachabilityKind kind, const std::string& path) {
  Targets targets;
  parser.reader.read_into(&targets, table, {field(&Targets::texts, "targets")}, path);
  std::vector<ReachabilityTarget> result;
  for (const std::string& text : targets.texts) {
    const auto target = target_from(text, kind);
    if (target) {
      result.push_back(*target);
    } else {
      parser.reader.add(table.find("targets")->value.position, path, target.error().fact,
                        target.error().remedy);
    }
  }
  return result;
}

void read_reachability(Parser& parser, const DocumentTable& table, std::size_t index) {
  ReachabilityConfig check;
  const auto name = peek_text(table, "name");
  const std::string path = object_path("arbitration, reachability", name, index);
  parser.reader.remember(path, "", table.position);
  std::vector<std::string> known = keys_of(reachability_fields());
  known.insert(known.end(), {"targets", "node"});
  parser.reader.refuse_others(table, known, path);
  parser.reader.read_into(&check, table, reachability_fields(), path);
  const auto shared = read_targets(parser, table, check.kind, path);
  for (const NodeConfig& node : parser.config.nodes) check.targets[node.name] = shared;
  for_each_node_table(parser, table, path, [&](const NodeName& node, const DocumentTable& own) {
    parser.reader.refuse_others(own, {"targets"}, path);
    if (own.find("targets")) check.targets[node] = read_targets(parser, own, check.kind, path);
  });
  parser.config.arbitration.reachability.push_back(std::move(check));
}

// [arbitration.NAME]: the fields of one object, all with defaults.
void read_section(Parser& parser, const DocumentTable& arbitration, const char* name, void* object,
                  const std::vector<Field>& fields) {
  const std::string path = fmt::format("arbitration, {}", name);
  const DocumentTable* table = parser.reader.subtable(arbitration, name, "arbitration");
  if (table == nullptr) return;
  parser.reader.remember(path, "", table->position);
  parser.reader.refuse_others(*table, keys_of(fields), path);
  parser.reader.read_into(object, *table, fields, path);
}

}  // namespace

void read_arbitration(Parser& parser, const DocumentTable& root) {
  const std::string path = "arbitration";
  const DocumentTable* table = parser.reader.subtable(root, "arbitration", "");
  if (table == nullptr) return;
  ArbitrationConfig& arbitration = parser.config.arbitration;
  parser.reader.remember(path, "", table->position);
  std::vector<std::string> known = keys_of(arbitration_fields());
  known.insert(known.end(), {"arbiter", "dynamodb", "etcd", "forced_stop", "reachability"});
  parser.reader.refuse_others(*table, known, path);
  parser.reader.read_into(&arbitration, *table, arbitration_fields(), path);
  parser.reader.read_into(&arbitration.arbiter, *table, arbiter_fields(), path);
  ArbiterConfig& arbiter = arbitration.arbiter;
  read_section(parser, *table, "dynamodb", &arbiter.dynamodb, dynamodb_fields());
  read_section(parser, *table, "etcd", &arbiter.etcd, etcd_fields());
  read_section(parser, *table, "forced_stop", &arbitration.forced_stop, forced_stop_fields());
  std::size_t index = 0;
  for (const auto* check : parser.reader.subtables(*table, "reachability", path)) {
    read_reachability(parser, *check, ++index);
  }
}

}  // namespace mainstay
