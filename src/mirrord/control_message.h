// The lines of the control socket (docs/mirror.md). Pure: text in, text out.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "mirror/action.h"

namespace mainstay::mirrord::control {

inline constexpr std::size_t line_max = 64 * 1024;

enum class Verb : std::uint8_t {
  status,
  promote,
  demote,
  break_off,
  connect,
  verify,
  repair,
  force,
  limit,
  resize,
  serve_record,
};

struct Order {
  std::uint64_t id = 0;
  Verb verb = Verb::status;
  mirror::Term term = 0;
  bool force = false;
  std::uint64_t bytes_per_second = 0;
};
// What the one who serves the record says to a question of ours.
struct RecordAnswer {
  std::uint64_t question = 0;
  bool ok = false;  // of a reading
  std::uint64_t version = 0;
  Bytes value;
  mirror::Swap outcome = mirror::Swap::unknown;  // of a swap
};

// An order that is none: still to be answered, if it had an id.
struct Refused {
  std::uint64_t id = 0;
  Error error;
};
// Closed if it cannot even be read.
Result<std::variant<Order, RecordAnswer, Refused>> parse(std::string_view line);

// ---- Each is a line, its end included.
std::string read_question(std::uint64_t number);
std::string swap_question(std::uint64_t number, std::uint64_t expected, ByteView value);
std::string done(std::uint64_t id);
std::string done_with_device(std::uint64_t id, const std::string& device);
std::string refused(std::uint64_t id, const Error& error);
// To a line that could not be read.
std::string not_understood(const Error& error);

std::string to_base64(ByteView bytes);
Result<Bytes> from_base64(std::string_view text);

}  // namespace mainstay::mirrord::control
