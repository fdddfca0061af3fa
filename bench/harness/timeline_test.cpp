#include "harness/timeline.h"

#include <doctest/doctest.h>

#include "harness/site.h"

using namespace mainstay::bench;

TEST_CASE("witnesses are put in the order of time") {
  const auto story =
      in_order({{30, "client", "good"}, {10, "lab", "killed"}, {10, "b", "noticed"}});
  CHECK(story ==
        std::vector<Moment>{{10, "lab", "killed"}, {10, "b", "noticed"}, {30, "client", "good"}});
}

TEST_CASE("a story is cut to what lies between two instants, both included") {
  const std::vector<Moment> story = {{1, "a", ""}, {2, "a", ""}, {3, "a", ""}, {4, "a", ""}};
  CHECK(between(story, 2, 3).size() == 2);
}

TEST_CASE("times are seconds since the fault, and long sentences are continued below") {
  const std::string long_text = std::string(70, 'x') + " " + std::string(20, 'y');
  const std::string text = to_text(
      {{1'500'000'000, "lab", "killed"}, {3'250'000'000, "server2", long_text}}, 1'500'000'000);
  CHECK(text.find("0.000 s  lab      killed\n") != std::string::npos);
  CHECK(text.find("1.750 s  server2  x") != std::string::npos);
  CHECK(text.find("\n" + std::string(21, ' ') + "yyyy") != std::string::npos);
}

TEST_CASE("the configuration names every node, its ENI and its NAT instance") {
  const std::string text = cluster_toml(
      {.vpc = "vpc-1",
       .nodes = {{"a", "10.0.1.1", "eni-a", "10.0.9.1"}, {"b", "10.0.2.1", "eni-b", "10.0.9.2"}},
       .web = {"/usr/bin/web", "--port", "80"},
       .profile = "fast"});
  for (const std::string_view part :
       {"profile = \"fast\"", "address = { a = \"10.0.1.1\", b = \"10.0.2.1\" }",
        "[resource.node.b]\neni_id = \"eni-b\"", "targets = [\"10.0.9.2\"]",
        "start = [\"/usr/bin/web\", \"--port\", \"80\"]", "vpc_id = \"vpc-1\""}) {
    CAPTURE(part);
    CHECK(text.find(part) != std::string::npos);
  }
}
