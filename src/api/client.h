// Asks the daemon over its Unix socket.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "api/control.h"

namespace mainstay::api {

// Why there is no good answer.
struct Trouble {
  enum class Kind {
    refused,      // the daemon says no
    misused,      // it cannot even be asked so
    unreachable,  // nobody answers, here or at the node that is to be asked
    unknown,      // no answer in time: an order may have been carried out
  };
  Kind kind = Kind::refused;
  Error error;
};
template <class T>
using Answer = std::expected<T, Trouble>;

class Client {
 public:
  struct Setup {
    std::string socket;
    std::string host;  // "" = the local node
    std::optional<double> timeout_s;
  };
  explicit Client(Setup setup) : setup_(std::move(setup)) {}

  // The body of a good answer.
  Answer<std::string> get(Request request) const;
  Answer<std::string> order(Request request) const;
  // Hands over each event's JSON until the callback says false or the stream ends.
  Answer<void> follow(Request request, const std::function<bool(std::string_view)>& on_event) const;

  const std::string& host() const { return setup_.host; }

 private:
  Answer<void> reach() const;
  Trouble trouble_of(const std::string& body) const;
  Answer<std::string> exchange(Request request, double wait_s) const;

  Setup setup_;
};

}  // namespace mainstay::api
