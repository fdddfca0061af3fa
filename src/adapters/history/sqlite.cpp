#include "adapters/history/sqlite.h"

#include <sqlite3.h>

#include <fmt/format.h>

#include "base/check.h"

namespace mainstay::adapters {
namespace {

// A reader waits this long for a writer that has the file.
constexpr int busy_wait_ms = 1000;

Error error_of(sqlite3* database, int code) {
  const bool damaged = code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
  return {damaged ? Code::corrupt : Code::unavailable,
          database ? sqlite3_errmsg(database) : sqlite3_errstr(code)};
}

}  // namespace

void Statement::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

void Database::Close::operator()(sqlite3* database) const { sqlite3_close(database); }

Statement& Statement::with(std::int64_t value) {
  MAINSTAY_CHECK(sqlite3_bind_int64(statement_.get(), next_parameter_++, value) == SQLITE_OK);
  return *this;
}

Statement& Statement::with(std::string_view text) {
  const int bound = sqlite3_bind_text(statement_.get(), next_parameter_++, text.data(),
                                      static_cast<int>(text.size()), SQLITE_TRANSIENT);
  MAINSTAY_CHECK(bound == SQLITE_OK || bound == SQLITE_NOMEM || bound == SQLITE_TOOBIG);
  return *this;
}

Result<bool> Statement::step() {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return std::unexpected(error_of(sqlite3_db_handle(statement_.get()), code & 0xff));
}

Status Statement::run() {
  auto row = step();
  while (row && *row) row = step();
  sqlite3_reset(statement_.get());
  next_parameter_ = 1;
  if (!row) return std::unexpected(row.error());
  return {};
}

std::int64_t Statement::number(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

std::string Statement::text(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
  return text ? text : "";
}

Result<Database> Database::open(const std::string& file, Mode mode) {
  const int flags = mode == Mode::create ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
                                         : SQLITE_OPEN_READWRITE;  // WAL needs its index written
  sqlite3* raw = nullptr;
  const int code = sqlite3_open_v2(file.c_str(), &raw,
                                   flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE, nullptr);
  Database database;
  database.database_.reset(raw);
  if (code != SQLITE_OK) return std::unexpected(error_of(raw, code & 0xff));
  sqlite3_busy_timeout(raw, busy_wait_ms);
  return database;
}

Status Database::execute(const char* sql) {
  const int code = sqlite3_exec(database_.get(), sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return std::unexpected(error_of(database_.get(), code & 0xff));
  return {};
}

Result<Statement> Database::prepare(std::string_view sql) {
  sqlite3_stmt* raw = nullptr;
  const int code =
      sqlite3_prepare_v2(database_.get(), sql.data(), static_cast<int>(sql.size()), &raw, nullptr);
  if (code != SQLITE_OK) return std::unexpected(error_of(database_.get(), code & 0xff));
  Statement statement;
  statement.statement_.reset(raw);
  return statement;
}

}  // namespace mainstay::adapters
