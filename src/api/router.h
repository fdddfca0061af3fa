// From a request to its answer, without a transport: the same for the Unix socket and for requests
// that another node forwards.
#pragma once

#include "api/control.h"

namespace mainstay::api {

// How long a question may take, and how an order may be limited by its asker (?timeout_ms=N).
inline constexpr Duration question_wait = 5s;
inline constexpr Duration order_wait = 10min;
inline constexpr Duration order_wait_max = 1h;
// Another node's memory of a group's activations is waited for this long.
inline constexpr Duration peer_wait = 1500ms;
inline constexpr std::size_t order_size_max = 4096;

// Where a request came from: one that another node forwarded is answered here, whatever it says.
enum class Origin { here, another_node };

// May wait; call it on a thread that can.
Reply answer(Control& control, const Request& request, Origin origin);

// Takes long and changes things: bounded separately.
bool is_order(const Request& request);

Reply error_reply(const Error& error);

// "/v1/events?since=7" into path and query, percent-decoded.
Request parse_target(std::string_view method, std::string_view target);
std::string target_of(const Request& request);

}  // namespace mainstay::api
