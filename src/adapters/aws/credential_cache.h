// Keeps credentials for as long as they are good, and renews them before they end.
//
// A renewal begins in good time and in the background; while it fails the old credentials are used
// for as long as they live. Callers who find none wait together for one renewal.
#pragma once

#include <optional>
#include <vector>

#include "adapters/aws/credentials.h"
#include "ports/clock.h"

namespace mainstay::aws {

class CredentialCache {
 public:
  CredentialCache(Clock& clock, CredentialSource source);

  Task<Result<Credentials>> current(Call call);
  // AWS no longer takes them: the next `current` asks the source.
  void discard() { held_.reset(); }

 private:
  bool usable() const;
  bool renewal_due() const;
  void begin_renewal();
  Task<Status> wait_for_renewal(Call call);
  Task<void> renew();

  Clock& clock_;
  CredentialSource source_;
  std::optional<Credentials> held_;
  Error last_error_;
  bool failed_ = false;  // the renewal before
  Instant next_renewal_{};  // not before, after one that failed or brought nothing newer
  bool renewing_ = false;
  bool renewed_ = false;  // the last renewal brought some
  std::optional<Task<void>> renewal_;
  std::vector<Completion<bool>> waiting_;
};

}  // namespace mainstay::aws
