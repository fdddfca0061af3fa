// What is said at the control socket of a mirror's engine (docs/mirror.md): one JSON object a line.
// Pure: texts in, values out. What an engine of another release says besides is ignored.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/bytes.h"
#include "base/result.h"
#include "ports/arbiter.h"
#include "ports/mirror.h"

namespace mainstay::adapters {

inline constexpr std::size_t mirror_line_max = 64 * 1024;

// ---- What an engine is asked, without the line's end. Each connection asks one thing: id 1.
std::string promote_request(std::uint64_t term);
std::string demote_request(Mirror::Demotion how);
std::string status_request();
std::string order_request(MirrorOrder order);
std::string serve_record_request();

// corrupt: it is no answer. Else the refusal, as the engine words it.
Status outcome_from(std::string_view line);
Result<MirrorStatus> mirror_status_from(std::string_view line);

// ---- The arbiter's record, the other way round.
struct RecordQuestion {
  std::uint64_t number = 0;
  bool swap = false;  // else a read
  RecordVersion expected = 0;
  Bytes value;
  friend bool operator==(const RecordQuestion&, const RecordQuestion&) = default;
};
// nullopt: it is none; an answer to serve_record, say.
std::optional<RecordQuestion> record_question_from(std::string_view line);
std::string read_answer(std::uint64_t number, const Result<ArbiterRecord>& record);
std::string swap_answer(std::uint64_t number, const Result<RecordVersion>& version);

}  // namespace mainstay::adapters
