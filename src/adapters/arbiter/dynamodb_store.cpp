#include "adapters/arbiter/dynamodb_store.h"

#include <nlohmann/json.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "adapters/arbiter/dynamodb_arbiter.h"
#include "adapters/aws/wait.h"

namespace mainstay::dynamodb {
namespace {

using Json = nlohmann::ordered_json;

constexpr Duration look_pause = 1s;
// A page holds a megabyte: far more records than a cluster has.
constexpr int pages_max = 1000;

bool usable(const Table& table) { return table.status == "ACTIVE" || table.status == "UPDATING"; }

Status check_shape(const Table& table, const std::string& name) {
  if (table.keys != expected_keys()) {
    return failure(
        Code::conflict,
        fmt::format("table {} has another shape: its keys are {}, an arbiter's are {}. "
                    "Name another table in [arbitration.dynamodb].",
                    name, fmt::join(table.keys, ", "), fmt::join(expected_keys(), ", ")));
  }
  if (table.status == "CREATING" || usable(table)) return {};
  return failure(Code::conflict, fmt::format("table {} is {}. Wait until that is over, or name "
                                             "another table in [arbitration.dynamodb].",
                                             name, table.status));
}

std::string policy(Json statement) {
  const Json document = {{"Version", "2012-10-17"},
                         {"Statement", Json::array({std::move(statement)})}};
  return document.dump(2) + '\n';
}

}  // namespace

Task<Result<Table>> DynamoDbStore::look(Call call) {
  aws::Question question = describe_table(records_.table);
  const auto answer = co_await client_.ask(std::move(question), call);
  if (answer) co_return parse_table(*answer);
  Error error = explain(answer.error(), records_.table);
  if (answer.error().fault.code == "ResourceNotFoundException") error.code = Code::not_found;
  co_return std::unexpected(std::move(error));
}

Task<Result<ArbiterStoreState>> DynamoDbStore::describe(Call call) {
  const auto table = co_await look(call);
  if (!table) co_return std::unexpected(table.error());
  const auto shape = check_shape(*table, records_.table);
  ArbiterStoreState state;
  state.name = "DynamoDB table " + records_.table;
  state.state = table->status;
  state.ready = usable(*table) && shape;
  state.facts = {{"ARN", table->arn},
                 {"billing", table->billing},
                 {"deletion", table->protected_from_deletion ? "protected" : "NOT protected"}};
  if (!shape) state.facts.emplace_back("trouble", shape.error().message);
  co_return state;
}

Task<Result<std::vector<ArbiterEntry>>> DynamoDbStore::list(Call call) {
  std::vector<ArbiterEntry> entries;
  std::string after;
  for (int number = 0; number < pages_max; ++number) {
    aws::Question question = query(records_, after);
    const auto answer = co_await client_.ask(std::move(question), call);
    if (!answer) co_return std::unexpected(explain(answer.error(), records_.table));
    auto page = parse_query(*answer);
    if (!page) co_return std::unexpected(page.error());
    std::ranges::move(page->entries, std::back_inserter(entries));
    if (page->after.empty()) co_return entries;
    after = page->after;
  }
  co_return failure(Code::corrupt, fmt::format("the records of cluster {} in table {} do not end "
                                               "after {} pages",
                                               records_.cluster, records_.table, pages_max));
}

Task<Result<Table>> DynamoDbStore::create(Progress progress, Call call) {
  auto table = co_await look(call);
  if (!table && table.error().code == Code::not_found) {
    progress("creating table " + records_.table);
    aws::Question question = create_table(records_.table);
    const auto answer = co_await client_.ask(std::move(question), call);
    // Somebody else, or an attempt of ours whose answer was lost, may have made it meanwhile.
    const bool there = !answer && answer.error().fault.code == "ResourceInUseException";
    if (!answer && !there) co_return std::unexpected(answer.error().error);
    table = co_await look(call);
    // A new table may take a moment to show.
    if (!table && table.error().code == Code::not_found && answer) table = parse_table(*answer);
  }
  if (!table) co_return std::unexpected(table.error());
  co_return co_await await_ready(std::move(*table), std::move(progress), call);
}

Task<Result<Table>> DynamoDbStore::await_ready(Table table, Progress progress, Call call) {
  for (;;) {
    if (auto shape = check_shape(table, records_.table); !shape) {
      co_return std::unexpected(shape.error());
    }
    if (usable(table)) co_return table;
    progress(fmt::format("table {} is {}", records_.table, table.status));
    const Instant next = clock_.now() + look_pause;
    if (next >= call.deadline || !co_await aws::pause_until(clock_, next, call.cancellation)) {
      co_return failure(Code::timed_out,
                        fmt::format("table {} is still {}. Run 'mainstay arbiter create' again: "
                                    "it goes on from here.",
                                    records_.table, table.status));
    }
    auto seen = co_await look(call);
    if (seen) {
      table = std::move(*seen);
    } else if (seen.error().code != Code::not_found) {
      co_return std::unexpected(seen.error());
    }
  }
}

std::string node_policy(const std::string& table_arn, const std::string& cluster) {
  return policy(
      {{"Effect", "Allow"},
       {"Action", {"dynamodb:GetItem", "dynamodb:PutItem"}},
       {"Resource", table_arn},
       {"Condition",
        {{"ForAllValues:StringEquals", {{"dynamodb:LeadingKeys", Json::array({cluster})}}}}}});
}

std::string administrator_policy(const std::string& table_arn) {
  return policy({{"Effect", "Allow"},
                 {"Action", {"dynamodb:CreateTable", "dynamodb:DescribeTable", "dynamodb:Query"}},
                 {"Resource", table_arn}});
}

}  // namespace mainstay::dynamodb
