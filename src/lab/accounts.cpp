// Keys are drawn from a seed; they are worth nothing outside the lab.
#include "lab/accounts.h"

#include <fmt/format.h>

#include "lab/query.h"

namespace mainstay::lab {
namespace {

std::string letters(Random& random, std::size_t count, std::string_view from) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += from[random.below(from.size())];
  return out;
}

}  // namespace

Accounts::Accounts(const Layout& layout, const Model& model, std::uint64_t seed)
    : account_(layout.account), random_(seed) {
  administrator_ = make("AKIA", 0);
  for (const LayoutRole& role : layout.roles) {
    roles_[role.name] = {role.policies, role.denied};
    if (role.policies.empty()) roles_[role.name].policies = {policy_allowing_everything()};
  }
  for (const Instance& instance : model.instances) {
    if (!instance.role.empty()) holders_[instance.name] = {instance.role, instance.id};
  }
}

Credentials Accounts::make(const std::string& prefix, std::int64_t expires_ms) {
  constexpr std::string_view capitals = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  constexpr std::string_view any =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  Credentials made;
  made.access_key = prefix + letters(random_, 16, capitals);
  made.secret_key = letters(random_, 40, any);
  if (expires_ms != 0) made.session_token = "IQoJ" + letters(random_, 200, any);
  made.expires_ms = expires_ms;
  return made;
}

const Credentials* Accounts::of_instance(const std::string& instance, std::int64_t now_ms) {
  const auto found = holders_.find(instance);
  if (found == holders_.end()) return nullptr;
  Holder& holder = found->second;
  const bool old =
      holder.issued.empty() || holder.issued.back().expires_ms - now_ms < credentials_renewal_ms;
  if (old && !(holder.stuck && !holder.issued.empty())) {
    holder.issued.push_back(make("ASIA", now_ms + credentials_life_ms));
    if (holder.issued.size() > credentials_kept_max) holder.issued.erase(holder.issued.begin());
  }
  return &holder.issued.back();
}

const Credentials* Accounts::find(std::string_view access_key) const {
  if (access_key == administrator_.access_key) return &administrator_;
  for (const auto& [name, holder] : holders_) {
    for (const Credentials& issued : holder.issued) {
      if (issued.access_key == access_key) return &issued;
    }
  }
  for (const Session& session : sessions_) {
    if (session.credentials.access_key == access_key) return &session.credentials;
  }
  return nullptr;
}

Principal Accounts::principal(std::string_view access_key) const {
  for (const auto& [name, holder] : holders_) {
    for (const Credentials& issued : holder.issued) {
      if (issued.access_key != access_key) continue;
      return {fmt::format("arn:aws:sts::{}:assumed-role/{}/{}", account_, holder.role,
                          holder.instance_id),
              "AROALAB0000000000000:" + holder.instance_id, name, holder.role};
    }
  }
  for (const Session& session : sessions_) {
    if (session.credentials.access_key == access_key) return session.principal;
  }
  return {fmt::format("arn:aws:iam::{}:user/administrator", account_), "AIDALAB0000000000000", "",
          ""};
}

AccessDecision Accounts::decide(const Principal& principal, const AccessRequest& request) const {
  if (principal.role.empty()) return {};
  const auto role = roles_.find(principal.role);
  if (role == roles_.end()) return {Verdict::implicit_deny, request.resources[0].arn, ""};
  for (const std::string& pattern : role->second.denied) {
    if (wildcard_match(pattern, request.action))
      return {Verdict::explicit_deny, request.resources[0].arn, "deny " + pattern};
  }
  return decide_access(role->second.policies, request);
}

void Accounts::deny(const std::string& role, const std::string& action) {
  roles_[role].denied.push_back(action);
}

void Accounts::permit(const std::string& role, const std::string& action) {
  if (action == "all") {
    roles_[role].denied.clear();
  } else {
    std::erase(roles_[role].denied, action);
  }
}

std::map<std::string, std::vector<std::string>> Accounts::denied() const {
  std::map<std::string, std::vector<std::string>> out;
  for (const auto& [name, role] : roles_) out[name] = role.denied;
  return out;
}

void Accounts::set_policies(const std::string& role, std::vector<Policy> policies) {
  roles_[role].policies = std::move(policies);
}

void Accounts::set_role(const Instance& instance, const std::string& role) {
  const auto old = holders_.find(instance.name);
  if (old != holders_.end()) {
    for (const Credentials& issued : old->second.issued) {
      sessions_.push_back({issued, principal(issued.access_key)});
    }
    holders_.erase(old);
  }
  if (!role.empty()) holders_[instance.name] = {role, instance.id};
}

const Credentials& Accounts::assume(const std::string& role, const std::string& session,
                                    const Principal& caller, std::int64_t ends_ms) {
  if (sessions_.size() >= sessions_max) sessions_.pop_front();
  const Principal principal{
      fmt::format("arn:aws:sts::{}:assumed-role/{}/{}", account_, role, session),
      fmt::format("AROALAB0000000000001:{}", session), caller.instance, role};
  sessions_.push_back({make("ASIA", ends_ms), principal});
  return sessions_.back().credentials;
}

void Accounts::expire(const std::string& instance, std::int64_t now_ms, bool metadata_follows) {
  const auto found = holders_.find(instance);
  if (found == holders_.end()) return;
  // Also what nobody has asked for yet must be expired when it is shown.
  if (found->second.issued.empty()) found->second.issued.push_back(make("ASIA", now_ms));
  for (Credentials& issued : found->second.issued) {
    issued.expires_ms = std::min(issued.expires_ms, now_ms);
  }
  found->second.stuck = !metadata_follows;
}

void Accounts::refresh(const std::string& instance) {
  const auto found = holders_.find(instance);
  if (found != holders_.end()) found->second.stuck = false;
}

}  // namespace mainstay::lab
