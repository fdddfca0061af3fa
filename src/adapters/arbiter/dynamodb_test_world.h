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
           std::string table = "mainstay")
      : connection_(open(loop)),
        client_(open_client(*connection_, {.region = "eu-west-1", .url = url})),
        arbiter_(loop, *client_, {std::move(table), std::move(cluster)}) {}

  Arbiter& arbiter() { return arbiter_; }
  aws::Client& client() { return *client_; }

 private:
  static std::unique_ptr<aws::Connection> open(PollLoop& loop) {
    const aws::Environment environment = {{"AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"},
                                          {"AWS_SECRET_ACCESS_KEY", "the-secret"},
                                          {"AWS_EC2_METADATA_DISABLED", "true"}};
    auto opened = aws::Connection::open(loop, loop, environment, Random(1));
    MAINSTAY_CHECK(opened.has_value());
    return std::move(*opened);
  }

  std::unique_ptr<aws::Connection> connection_;
  std::unique_ptr<aws::Client> client_;
  DynamoDbArbiter arbiter_;
};

}  // namespace mainstay::dynamodb
