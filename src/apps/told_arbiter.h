// An arbiter whose troubles are told: the core only sees that it does not know, a person needs to
// read why.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "cluster/action.h"
#include "ports/arbiter.h"

namespace mainstay::apps {

class ToldArbiter final : public Arbiter {
 public:
  using Tell = std::function<void(Severity, const std::string&)>;

  // `tell` is called when a trouble begins, becomes another, or ends; not for each failed call.
  ToldArbiter(std::unique_ptr<Arbiter> arbiter, Tell tell);

  Task<Result<ArbiterRecord>> read(std::string key, Call call) override;
  Task<Result<RecordVersion>> swap(std::string key, RecordVersion expected, Bytes value,
                                   Call call) override;

 private:
  void on_answer();
  void on_failure(const Error& error);

  std::unique_ptr<Arbiter> arbiter_;
  Tell tell_;
  std::optional<Code> trouble_;
};

}  // namespace mainstay::apps
