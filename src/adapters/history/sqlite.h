// SQLite in a few words of ours: a database, a statement, errors as Results.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace mainstay::adapters {

class Statement {
 public:
  Statement(Statement&&) noexcept = default;
  Statement& operator=(Statement&&) noexcept = default;

  // Parameters in their order, from the first.
  Statement& with(std::int64_t value);
  Statement& with(std::string_view text);
  // True: there is a row to read.
  Result<bool> step();
  // Runs it to its end, and makes it ready for the next parameters.
  Status run();

  std::int64_t number(int column) const;
  std::string text(int column) const;

 private:
  friend class Database;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  Statement() = default;

  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  int next_parameter_ = 1;
};

// corrupt: the file is damaged, or no database. Everything else that fails is unavailable.
class Database {
 public:
  enum class Mode { create, read };
  static Result<Database> open(const std::string& file, Mode mode);

  Status execute(const char* sql);
  Result<Statement> prepare(std::string_view sql);

 private:
  struct Close {
    void operator()(sqlite3* database) const;
  };
  Database() = default;

  std::unique_ptr<sqlite3, Close> database_;
};

}  // namespace mainstay::adapters
