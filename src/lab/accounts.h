// Who may call the API: keys, the credentials of instance roles, permissions. Pure; the clock is an
// argument.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "base/random.h"
#include "lab/iam_policy.h"
#include "lab/layout.h"
#include "lab/model.h"
#include "lab/sigv4.h"

namespace mainstay::lab {

struct Principal {
  std::string arn;
  std::string user_id;
  std::string instance;  // empty: a person
  std::string role;      // empty: a person, who may do everything
};

class Accounts {
 public:
  Accounts(const Layout& layout, const Model& model, std::uint64_t seed);

  // The credentials the instance's metadata service hands out now; made anew when they are near
  // their end. Null if the instance has no role.
  const Credentials* of_instance(const std::string& instance, std::int64_t now_ms);
  const Credentials& administrator() const { return administrator_; }
  const Credentials* find(std::string_view access_key) const;
  Principal principal(std::string_view access_key) const;

  // What the role's policies and its denials ("ec2:ReplaceRoute", or with '*' for any rest) say.
  // People may do everything, a role nobody knows nothing.
  AccessDecision decide(const Principal& principal, const AccessRequest& request) const;
  void deny(const std::string& role, const std::string& action);
  void permit(const std::string& role, const std::string& action);
  bool role_known(const std::string& role) const { return roles_.contains(role); }
  std::map<std::string, std::vector<std::string>> denied() const;
  // From now on instead of those it had.
  void set_policies(const std::string& role, std::vector<Policy> policies);
  // The instance gets another role, or none (empty); credentials it had stay good until their end.
  void set_role(const Instance& instance, const std::string& role);

  // A session of the role, as AssumeRole makes one; `caller` is noted as its instance.
  const Credentials& assume(const std::string& role, const std::string& session,
                            const Principal& caller, std::int64_t ends_ms);

  // What was handed out to the instance so far ends now. `metadata_follows`: the next ask gives new
  // ones; otherwise the metadata service goes on showing the old ones until refresh().
  void expire(const std::string& instance, std::int64_t now_ms, bool metadata_follows);
  void refresh(const std::string& instance);

 private:
  struct Holder {
    std::string role;
    std::string instance_id;
    std::vector<Credentials> issued =
        {};  // the newest is last; old ones stay known, to be called expired
    bool stuck = false;
  };
  struct Role {
    std::vector<Policy> policies = {};
    std::vector<std::string> denied = {};
  };
  struct Session {
    Credentials credentials;
    Principal principal;
  };
  Credentials make(const std::string& prefix, std::int64_t expires_ms);

  std::string account_;
  Random random_;
  Credentials administrator_;
  std::map<std::string, Holder> holders_;
  std::map<std::string, Role> roles_;
  std::deque<Session> sessions_;
};

inline constexpr std::int64_t credentials_life_ms = 6 * 3600 * 1000LL;
inline constexpr std::int64_t credentials_renewal_ms =
    5 * 60 * 1000LL;  // this long before their end
inline constexpr std::size_t credentials_kept_max = 16;
inline constexpr std::size_t sessions_max = 1'000;  // of AssumeRole; the oldest are forgotten

}  // namespace mainstay::lab
