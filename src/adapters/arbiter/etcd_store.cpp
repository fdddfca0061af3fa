#include "adapters/arbiter/etcd_store.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace mainstay::etcd {

Task<Result<ArbiterStoreState>> EtcdStore::describe(Call call) {
  const auto records = co_await arbiter_.list(call);
  if (!records) co_return std::unexpected(records.error());
  const Settings& settings = arbiter_.settings();
  ArbiterStoreState state{.name = "etcd", .state = "answers", .ready = true, .facts = {}};
  state.facts.emplace_back("endpoints", fmt::format("{}", fmt::join(settings.endpoints, ", ")));
  state.facts.emplace_back("keys", folder_of(settings.prefix, settings.cluster));
  co_return state;
}

}  // namespace mainstay::etcd
