#include "config/reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "config/schema.h"
#include "config/suggestion.h"

namespace mainstay {

std::string peek_text(const DocumentTable& table, std::string_view key) {
  const DocumentEntry* entry = table.find(key);
  const auto* text = entry ? std::get_if<std::string>(&entry->value.data) : nullptr;
  return text ? *text : "";
}

std::vector<std::string> keys_of(const std::vector<Field>& fields) {
  std::vector<std::string> keys;
  for (const Field& field : fields) keys.push_back(field.key);
  return keys;
}

void Reader::add(Position position, std::string path, std::string fact, std::string remedy) {
  if (problems_.size() >= problems_max) return;
  problems_.push_back({position, std::move(path), std::move(fact), std::move(remedy)});
}

void Reader::remember(const std::string& path, std::string_view key, Position position) {
  places_.try_emplace({path, std::string(key)}, position);
}

Position Reader::place(const std::string& path, std::string_view key) const {
  auto found = places_.find({path, std::string(key)});
  if (found == places_.end()) found = places_.find({path, ""});
  return found == places_.end() ? Position{} : found->second;
}

Params Reader::read(const DocumentTable& table, const std::vector<Field>& fields,
                    const std::string& path) {
  Params params;
  for (const Field& field : fields) {
    const DocumentEntry* entry = table.find(field.key);
    if (entry == nullptr) continue;
    remember(path, field.key, entry->value.position);
    const auto value = convert(entry->value, field.kind);
    const auto wrong = value ? misfit(field, *value) : value.error();
    if (wrong) {
      add(entry->value.position, path, fmt::format("\"{}\": {}", field.key, wrong->fact),
          wrong->remedy);
    } else {
      params[field.key] = *value;
    }
  }
  return params;
}

void Reader::demand(const DocumentTable& table, const Field& field, const std::string& path) {
  if (table.find(field.key)) return;
  add(table.position, path, fmt::format("\"{}\" is missing", field.key), field.help);
}

void Reader::read_into(void* object, const DocumentTable& table, const std::vector<Field>& fields,
                       const std::string& path) {
  for (const auto& [key, value] : read(table, fields, path)) {
    find_field(fields, key)->write(object, value);
  }
  for (const Field& field : fields) {
    const auto* text = std::get_if<std::string>(&field.default_value);
    // What is required and has a default may be left out, but not emptied.
    const bool has_default = text != nullptr && !text->empty();
    if (field.is_required && !has_default) demand(table, field, path);
  }
}

void Reader::refuse_others(const DocumentTable& table, const std::vector<std::string>& known,
                           const std::string& path) {
  for (const DocumentEntry& entry : table.entries) {
    if (std::ranges::find(known, entry.key) != known.end()) continue;
    add(entry.position, path, fmt::format("unknown key \"{}\"", entry.key),
        suggestion(entry.key, known));
  }
}

const DocumentTable* Reader::subtable(const DocumentTable& table, std::string_view key,
                                      const std::string& path) {
  const DocumentEntry* entry = table.find(key);
  if (entry == nullptr) return nullptr;
  const DocumentTable* child = entry->value.as_table();
  if (child == nullptr) {
    add(entry->value.position, path,
        fmt::format("\"{}\" must be a table, but is {}", key, describe(entry->value)),
        fmt::format("Write [{}] or {} = {{ ... }}.", key, key));
  }
  return child;
}

std::vector<const DocumentTable*> Reader::subtables(const DocumentTable& table,
                                                    std::string_view key, const std::string& path) {
  std::vector<const DocumentTable*> tables;
  const DocumentEntry* entry = table.find(key);
  if (entry == nullptr) return tables;
  const std::string remedy = fmt::format("Begin each of them with [[{}]].", key);
  const DocumentList* list = entry->value.as_list();
  if (list == nullptr) {
    add(entry->value.position, path,
        fmt::format("\"{}\" must be a list of tables, but is {}", key, describe(entry->value)),
        remedy);
    return tables;
  }
  for (const DocumentValue& value : *list) {
    if (const DocumentTable* child = value.as_table()) {
      tables.push_back(child);
    } else {
      add(value.position, path, fmt::format("\"{}\" holds {}", key, describe(value)), remedy);
    }
  }
  return tables;
}

std::string Reader::text(const DocumentTable& table, const Field& field, const std::string& path) {
  const Params params = read(table, {field}, path);
  const auto found = params.find(field.key);
  return found == params.end() ? "" : std::get<std::string>(found->second);
}

}  // namespace mainstay
