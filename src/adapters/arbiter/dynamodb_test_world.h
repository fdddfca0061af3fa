// For tests: nodes of clusters with a DynamoDB at some URL.
#pragma once

#include "adapters/arbiter/dynamodb_arbiter.h"
#include "adapters/http/poll_loop.h"
#include "adapters/http/test_run.h"

namespace mainstay::dynamodb {

// One process with its own connections.
class TestNode {
 public:
  TestNode(PollLoop& loop, const std::string& url, std::string cluster = "shop",
           std::string table = "mainstay", aws::Backend backend = aws::Backend::native)
      : connection_(open(loop, backend)),
        client_(open_client(*connection_, {.region = "eu-west-1", .url = url}, backend)),
        arbiter_(loop, *client_, {std::move(table), std::move(cluster)}) {}

  Arbiter& arbiter() { return arbiter_; }
  aws::Client& client() { return *client_; }

 private:
  // A program needs the rest of an environment, too.
  static std::unique_ptr<aws::Connection> open(PollLoop& loop, aws::Backend backend) {
    aws::Environment environment =
        backend == aws::Backend::cli ? aws::process_environment() : aws::Environment{};
    environment["AWS_ACCESS_KEY_ID"] = "AKIDEXAMPLE";
    environment["AWS_SECRET_ACCESS_KEY"] = "the-secret";
    environment["AWS_EC2_METADATA_DISABLED"] = "true";
    auto opened = aws::Connection::open(loop, loop, environment, Random(1));
    MAINSTAY_CHECK(opened.has_value());
    return std::move(*opened);
  }

  std::unique_ptr<aws::Connection> connection_;
  std::unique_ptr<aws::Client> client_;
  DynamoDbArbiter arbiter_;
};

}  // namespace mainstay::dynamodb
