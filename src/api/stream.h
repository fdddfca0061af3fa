// The event stream's text (server-sent events): what is new since the last look.
#pragma once

#include <string>

#include "api/control.h"

namespace mainstay::api {

class EventStream {
 public:
  // Of a request for /v1/events/stream: ?since=N begins after event N, without it with the next
  // event; ?at=NODE is another node's stream.
  EventStream(Control& control, const Request& request);

  // Waits a moment for events and gives their text, "" if there are none. After an error, which is
  // part of the text, ended() is true.
  std::string next();
  bool ended() const { return ended_; }

 private:
  std::string fail(const std::string& error_body);

  Control& control_;
  Request question_;
  bool ended_ = false;
};

}  // namespace mainstay::api
