// A ledger outside of all nodes, to which each of them writes through the network: every line is a
// datagram, and its place in the ledger is the instant at which it arrived.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "lab/endpoint.h"
#include "lab/files.h"

namespace mainstay::lab {

// Datagrams that are no such line are left out.
inline constexpr std::size_t shared_line_size_max = 200;

struct SharedLine {
  std::int64_t at_ns = 0;  // of its arrival; unused by the writer
  std::string name;        // of the node
  std::uint64_t term = 0;  // of the group's activation there
  // The address at which a client asked for it; empty: written by the service of its own.
  std::string asked_at = {};
  friend bool operator==(const SharedLine&, const SharedLine&) = default;
};

// "server1 7 10.1.0.20"; "-" if nobody asked.
std::string print_words(const SharedLine& line);
// "ARRIVAL-ns WORDS" per line. One that was cut off at the end of the file is left out; any other
// bad line is an error.
Result<std::vector<SharedLine>> parse_shared_ledger(std::string_view text);

// Lines of an activation that arrived after the first line of a later one.
struct LateLines {
  int own = 0;          // written by the service of its own
  int through_vip = 0;  // asked for by a client
  Duration latest{};    // how long after that first line
  friend bool operator==(const LateLines&, const LateLines&) = default;
};
LateLines late_lines(std::vector<SharedLine> lines);

// The writer's end: a socket that sends there and never waits.
Result<Fd> open_shared_ledger(const Endpoint& ledger);

struct SharedLedgerOptions {
  std::string listen;  // ADDR:PORT
  std::string out;     // lines are appended here
};
// Until SIGTERM or SIGINT.
Status run_shared_ledger(const SharedLedgerOptions& options);

}  // namespace mainstay::lab
