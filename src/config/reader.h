// The parser's tools: takes fields out of tables, remembers where everything stood and collects
// what is wrong.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/document.h"
#include "config/field.h"
#include "config/problem.h"

namespace mainstay {

class Reader {
 public:
  void add(Position position, std::string path, std::string fact, std::string remedy);
  const Problems& problems() const { return problems_; }

  // Where the object `path`, and its `key`, stand in the document; laws that compare objects find
  // their place with it. A key that was left out is looked for at its object.
  void remember(const std::string& path, std::string_view key, Position position);
  Position place(const std::string& path, std::string_view key) const;

  // The values of those fields that are given and fit. Remembers the places of all that are given.
  Params read(const DocumentTable& table, const std::vector<Field>& fields,
              const std::string& path);
  // Reads into a struct; demands the required ones.
  void read_into(void* object, const DocumentTable& table, const std::vector<Field>& fields,
                 const std::string& path);
  // Everything else that stands in the table is an error.
  void refuse_others(const DocumentTable& table, const std::vector<std::string>& known,
                     const std::string& path);
  void demand(const DocumentTable& table, const Field& field, const std::string& path);

  // table[key] as a table; nullptr if it is not there, or is something else, which is an error.
  const DocumentTable* subtable(const DocumentTable& table, std::string_view key,
                                const std::string& path);
  // table[key] as a list of tables, [[key]].
  std::vector<const DocumentTable*> subtables(const DocumentTable& table, std::string_view key,
                                              const std::string& path);
  // table[key] as a text; "" if it is not there, or is something else, which is an error.
  std::string text(const DocumentTable& table, const Field& field, const std::string& path);

 private:
  Problems problems_;
  std::map<std::pair<std::string, std::string>, Position> places_;
};

// table[key] if it is a text, else "": to call an object by its name before it is read.
std::string peek_text(const DocumentTable& table, std::string_view key);
std::vector<std::string> keys_of(const std::vector<Field>& fields);

}  // namespace mainstay
