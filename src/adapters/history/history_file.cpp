#include "adapters/history/history_file.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace mainstay::adapters {
namespace {

using Json = nlohmann::json;

constexpr const char* schema = R"(
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
PRAGMA cache_size = -512;
PRAGMA wal_autocheckpoint = 256;
PRAGMA journal_size_limit = 1048576;
CREATE TABLE IF NOT EXISTS events (
  number INTEGER PRIMARY KEY, time_ms INTEGER NOT NULL, monotonic_ns INTEGER NOT NULL,
  node TEXT NOT NULL, severity TEXT NOT NULL, subject TEXT NOT NULL, text TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS activations (
  number INTEGER PRIMARY KEY, time_ms INTEGER NOT NULL, monotonic_ns INTEGER NOT NULL,
  group_name TEXT NOT NULL, term INTEGER NOT NULL, node TEXT NOT NULL, reason TEXT NOT NULL,
  clearances TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS activations_by_group ON activations (group_name, number);
)";

std::int64_t milliseconds(WallTime time) { return time.time_since_epoch().count(); }
WallTime wall_time(std::int64_t ms) { return WallTime(std::chrono::milliseconds(ms)); }

std::string clearances_text(const std::vector<ClearanceRecord>& clearances) {
  Json list = Json::array();
  for (const auto& each : clearances) {
    list.push_back({{"node", each.node},
                    {"evidence", each.evidence},
                    {"strong", each.strong},
                    {"why", each.why}});
  }
  return list.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::vector<ClearanceRecord> clearances_of(const std::string& text) {
  std::vector<ClearanceRecord> clearances;
  const Json list = Json::parse(text, nullptr, false);
  if (!list.is_array()) return clearances;
  for (const auto& each : list) {
    if (!each.is_object()) continue;
    clearances.push_back({each.value("node", ""), each.value("evidence", ""),
                          each.value("strong", false), each.value("why", "")});
  }
  return clearances;
}

EventRecord event_of(const Statement& row) {
  EventRecord event;
  event.number = static_cast<std::uint64_t>(row.number(0));
  event.time = wall_time(row.number(1));
  event.monotonic_ns = row.number(2);
  event.node = row.text(3);
  event.severity = row.text(4);
  event.subject = row.text(5);
  event.text = row.text(6);
  return event;
}

ActivationRecord activation_of(const Statement& row) {
  ActivationRecord record;
  record.time = wall_time(row.number(0));
  record.monotonic_ns = row.number(1);
  record.group = row.text(2);
  record.term = static_cast<std::uint64_t>(row.number(3));
  record.node = row.text(4);
  record.reason = row.text(5);
  record.clearances = clearances_of(row.text(6));
  return record;
}

template <class Record, class Make>
Result<std::vector<Record>> all_rows(Statement& statement, Make make) {
  std::vector<Record> records;
  for (;;) {
    const auto row = statement.step();
    if (!row) return std::unexpected(row.error());
    if (!*row) return records;
    records.push_back(make(statement));
  }
}

Result<std::string> one_text(Database& database, const char* sql) {
  auto statement = database.prepare(sql);
  if (!statement) return std::unexpected(statement.error());
  const auto row = statement->step();
  if (!row) return std::unexpected(row.error());
  return *row ? statement->text(0) : std::string();
}

}  // namespace

Result<HistoryFile> HistoryFile::open(const std::string& file) {
  auto database = Database::open(file, Database::Mode::create);
  if (!database) return std::unexpected(database.error());
  if (auto made = database->execute(schema); !made) return std::unexpected(made.error());
  const auto verdict = one_text(*database, "PRAGMA quick_check(1)");
  if (!verdict) return std::unexpected(verdict.error());
  if (*verdict != "ok") return failure(Code::corrupt, *verdict);
  return HistoryFile(std::move(*database));
}

Result<HistoryFile> HistoryFile::open_to_read(const std::string& file) {
  auto database = Database::open(file, Database::Mode::read);
  if (!database) return std::unexpected(database.error());
  return HistoryFile(std::move(*database));
}

Result<std::uint64_t> HistoryFile::last_event() {
  auto statement = database_.prepare("SELECT coalesce(max(number), 0) FROM events");
  if (!statement) return std::unexpected(statement.error());
  const auto row = statement->step();
  if (!row) return std::unexpected(row.error());
  return static_cast<std::uint64_t>(statement->number(0));
}

Status HistoryFile::write(const HistoryBatch& batch) {
  if (auto begun = database_.execute("BEGIN IMMEDIATE"); !begun) return begun;
  auto written = write_rows(batch);
  if (written) written = database_.execute("COMMIT");
  if (written) return {};
  // What could not be committed must not stay open; if this fails too, the next BEGIN says so.
  if (const auto undone = database_.execute("ROLLBACK"); !undone) return undone;
  return written;
}

Status HistoryFile::write_rows(const HistoryBatch& batch) {
  auto event_row = database_.prepare("INSERT OR REPLACE INTO events VALUES (?,?,?,?,?,?,?)");
  if (!event_row) return std::unexpected(event_row.error());
  for (const auto& event : batch.events) {
    event_row->with(static_cast<std::int64_t>(event.number)).with(milliseconds(event.time));
    event_row->with(event.monotonic_ns).with(event.node).with(event.severity);
    event_row->with(event.subject).with(event.text);
    if (auto written = event_row->run(); !written) return written;
  }
  auto row = database_.prepare("INSERT INTO activations VALUES (NULL,?,?,?,?,?,?,?)");
  if (!row) return std::unexpected(row.error());
  for (const auto& record : batch.activations) {
    row->with(milliseconds(record.time)).with(record.monotonic_ns).with(record.group);
    row->with(static_cast<std::int64_t>(record.term)).with(record.node).with(record.reason);
    row->with(clearances_text(record.clearances));
    if (auto written = row->run(); !written) return written;
  }
  return {};
}

Status HistoryFile::prune(const HistoryLimits& limits) {
  const auto age_ms = std::chrono::milliseconds(limits.age_max).count();
  const std::string sql = fmt::format(
      "DELETE FROM events WHERE number <= (SELECT max(number) FROM events) - {0}"
      " OR time_ms < (SELECT time_ms FROM events ORDER BY number DESC LIMIT 1) - {2};"
      "DELETE FROM activations WHERE number <= (SELECT max(number) FROM activations) - {1};",
      limits.events_max, limits.activations_max, age_ms);
  return database_.execute(sql.c_str());
}

Result<std::vector<EventRecord>> HistoryFile::events(const EventRange& range) {
  const char* order = range.newest ? "DESC" : "ASC";
  auto statement = database_.prepare(
      fmt::format("SELECT number, time_ms, monotonic_ns, node, severity, subject, text FROM events"
                  " WHERE number > ? ORDER BY number {} LIMIT ?",
                  order));
  if (!statement) return std::unexpected(statement.error());
  statement->with(static_cast<std::int64_t>(range.since));
  statement->with(static_cast<std::int64_t>(range.limit));
  auto found = all_rows<EventRecord>(*statement, event_of);
  if (found && range.newest) std::ranges::reverse(*found);
  return found;
}

Result<std::vector<ActivationRecord>> HistoryFile::activations(std::string_view group,
                                                               std::size_t limit) {
  auto statement = database_.prepare(
      "SELECT time_ms, monotonic_ns, group_name, term, node, reason, clearances FROM activations"
      " WHERE group_name = ? ORDER BY number DESC LIMIT ?");
  if (!statement) return std::unexpected(statement.error());
  statement->with(group).with(static_cast<std::int64_t>(limit));
  return all_rows<ActivationRecord>(*statement, activation_of);
}

}  // namespace mainstay::adapters
