// Who may call the API: keys, the credentials of instance roles, permissions. Pure; the clock is an
// argument.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/random.h"
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

  // Denials: "ec2:ReplaceRoute", or with '*' for any rest.
  bool permitted(const Principal& principal, const std::string& action) const;
  void deny(const std::string& role, const std::string& action) { denied_[role].push_back(action); }
  void permit(const std::string& role, const std::string& action);
  bool role_known(const std::string& role) const { return denied_.contains(role); }
  const std::map<std::string, std::vector<std::string>>& denied() const { return denied_; }

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
  Credentials make(const std::string& prefix, std::int64_t expires_ms);

  std::string account_;
  Random random_;
  Credentials administrator_;
  std::map<std::string, Holder> holders_;
  std::map<std::string, std::vector<std::string>> denied_;
};

inline constexpr std::int64_t credentials_life_ms = 6 * 3600 * 1000LL;
inline constexpr std::int64_t credentials_renewal_ms =
    5 * 60 * 1000LL;  // this long before their end
inline constexpr std::size_t credentials_kept_max = 16;

}  // namespace mainstay::lab
